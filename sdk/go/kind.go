package tenon

// typeOf is the type of a column that is made without saying which.
func typeOf[T Value]() DataType {
	var value T
	return typeOfValue(value)
}

// typeOfValue is the part that is the same for all types, and so only once in a component.
func typeOfValue(value any) DataType {
	switch value.(type) {
	case bool:
		return TypeBool
	case int8:
		return TypeInt8
	case int16:
		return TypeInt16
	case int32:
		return TypeInt32
	case int64:
		return TypeInt64
	case uint8:
		return TypeUint8
	case uint16:
		return TypeUint16
	case uint32:
		return TypeUint32
	case uint64:
		return TypeUint64
	case float32:
		return TypeFloat32
	case float64:
		return TypeFloat64
	case string:
		return TypeUtf8
	case []byte:
		return TypeBinary
	case Float16:
		return TypeFloat16
	case Date:
		return TypeDate
	case DateMillis:
		return TypeDateMillis
	case Time32:
		return TypeTime(Millisecond)
	case Time64:
		return TypeTime(Microsecond)
	case Timestamp:
		return TypeTimestamp(Microsecond, "UTC")
	case Duration:
		return TypeDuration(Microsecond)
	case Decimal:
		return TypeDecimal(38, 0)
	case Decimal256:
		return TypeDecimal256(76, 0)
	case Months:
		return TypeMonths
	case DayMillis:
		return TypeDayMillis
	case MonthDayNanos:
		return TypeMonthDayNanos
	default:
		return TypeNull
	}
}

// holds is whether a column of this field holds such values.
func holds(field Field, values DataType) bool {
	wanted := values.column()
	if field.Type.Dictionary && wanted != "string" && wanted != "[]byte" {
		return false
	}
	return field.ValueType().column() == wanted
}
