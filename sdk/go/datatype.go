package tenon

import (
	"strconv"
	"strings"
)

// DataType is the type of a column. Its text form is the format string of the Arrow C data interface; types with
// children keep them in their [Field].
type DataType struct {
	// Format is the format string: `l`, `u`, `tsu:UTC`, `d:38,10`, `+s`. Of a dictionary, that of its indices.
	Format string
	// Dictionary is whether the data are indices into the values of the field's last child.
	Dictionary bool
}

// Types without parameters.
var (
	TypeNull          = DataType{Format: "n"}
	TypeBool          = DataType{Format: "b"}
	TypeInt8          = DataType{Format: "c"}
	TypeInt16         = DataType{Format: "s"}
	TypeInt32         = DataType{Format: "i"}
	TypeInt64         = DataType{Format: "l"}
	TypeUint8         = DataType{Format: "C"}
	TypeUint16        = DataType{Format: "S"}
	TypeUint32        = DataType{Format: "I"}
	TypeUint64        = DataType{Format: "L"}
	TypeFloat16       = DataType{Format: "e"}
	TypeFloat32       = DataType{Format: "f"}
	TypeFloat64       = DataType{Format: "g"}
	TypeUtf8          = DataType{Format: "u"}
	TypeLargeUtf8     = DataType{Format: "U"}
	TypeUtf8View      = DataType{Format: "vu"}
	TypeBinary        = DataType{Format: "z"}
	TypeLargeBinary   = DataType{Format: "Z"}
	TypeBinaryView    = DataType{Format: "vz"}
	TypeDate          = DataType{Format: "tdD"}
	TypeDateMillis    = DataType{Format: "tdm"}
	TypeMonths        = DataType{Format: "tiM"}
	TypeDayMillis     = DataType{Format: "tiD"}
	TypeMonthDayNanos = DataType{Format: "tin"}
)

// Unit is the unit of a time, timestamp or duration.
type Unit byte

// The units.
const (
	Second      Unit = 's'
	Millisecond Unit = 'm'
	Microsecond Unit = 'u'
	Nanosecond  Unit = 'n'
)

// PerSecond is how many of the unit make a second.
func (u Unit) PerSecond() int64 {
	switch u {
	case Millisecond:
		return 1_000
	case Microsecond:
		return 1_000_000
	case Nanosecond:
		return 1_000_000_000
	default:
		return 1
	}
}

// TypeTimestamp is a timestamp, with a time zone to show it in ("" for none).
func TypeTimestamp(unit Unit, zone string) DataType {
	return DataType{Format: "ts" + string(rune(unit)) + ":" + zone}
}

// TypeTime is a time of day: 32 bits for seconds and milliseconds, else 64.
func TypeTime(unit Unit) DataType {
	return DataType{Format: "tt" + string(rune(unit))}
}

// TypeDuration is a span of time.
func TypeDuration(unit Unit) DataType {
	return DataType{Format: "tD" + string(rune(unit))}
}

// TypeDecimal is a decimal of 128 bits: digits in all, and digits after the point.
func TypeDecimal(precision, scale int) DataType {
	return DataType{Format: "d:" + strconv.Itoa(precision) + "," + strconv.Itoa(scale)}
}

// TypeDecimal256 is a decimal of 256 bits.
func TypeDecimal256(precision, scale int) DataType {
	return DataType{Format: TypeDecimal(precision, scale).Format + ",256"}
}

// TypeFixedSizeBinary is so many bytes each.
func TypeFixedSizeBinary(width int) DataType {
	return DataType{Format: "w:" + strconv.Itoa(width)}
}

// Unit is the unit of a time, timestamp or duration.
func (t DataType) Unit() Unit {
	if len(t.Format) > 2 && t.Format[0] == 't' && strings.IndexByte("tsD", t.Format[1]) >= 0 {
		return Unit(t.Format[2])
	}
	return Second
}

// Zone is the time zone of a timestamp.
func (t DataType) Zone() string {
	if strings.HasPrefix(t.Format, "ts") && len(t.Format) > 4 {
		return t.Format[4:]
	}
	return ""
}

// Decimal is the digits of a decimal, those after its point, and its width in bits; false for other types.
func (t DataType) Decimal() (precision, scale, bits int, ok bool) {
	arguments, ok := strings.CutPrefix(t.Format, "d:")
	if !ok {
		return 0, 0, 0, false
	}
	parts := strings.Split(arguments, ",")
	if len(parts) < 2 {
		return 0, 0, 0, false
	}
	bits = 128
	precision, err := strconv.Atoi(parts[0])
	scale, other := strconv.Atoi(parts[1])
	if len(parts) == 3 && err == nil {
		bits, err = strconv.Atoi(parts[2])
	}
	return precision, scale, bits, err == nil && other == nil
}

// fixedSize is the width of a fixed-size binary type, 0 for others.
func (t DataType) fixedSize() int {
	if width, ok := strings.CutPrefix(t.Format, "w:"); ok {
		size, _ := strconv.Atoi(width)
		return size
	}
	return 0
}

func (t DataType) isText() bool {
	return t == TypeUtf8 || t == TypeLargeUtf8 || t == TypeUtf8View
}

func (t DataType) isBinary() bool {
	return t == TypeBinary || t == TypeLargeBinary || t == TypeBinaryView || t.fixedSize() > 0
}

func (t DataType) isNested() bool {
	return strings.HasPrefix(t.Format, "+")
}

// plainType is a type without parameters.
type plainType struct {
	format string
	// name is for people.
	name string
	// column is the Go type to read a column as.
	column string
}

// plainTypes are laid out by the compiler: a map would be built each time that a sandbox is made.
var plainTypes = [...]plainType{
	{"n", "null", "Null"},
	{"b", "boolean", "bool"},
	{"c", "int8", "int8"},
	{"s", "int16", "int16"},
	{"i", "int32", "int32"},
	{"l", "int64", "int64"},
	{"C", "uint8", "uint8"},
	{"S", "uint16", "uint16"},
	{"I", "uint32", "uint32"},
	{"L", "uint64", "uint64"},
	{"e", "float16", "Float16"},
	{"f", "float32", "float32"},
	{"g", "float64", "float64"},
	{"u", "utf8", "string"},
	{"U", "large utf8", "string"},
	{"vu", "utf8 view", "string"},
	{"z", "binary", "[]byte"},
	{"Z", "large binary", "[]byte"},
	{"vz", "binary view", "[]byte"},
	{"tdD", "date", "Date"},
	{"tdm", "date in milliseconds", "DateMillis"},
	{"tiM", "interval", "Months"},
	{"tiD", "interval", "DayMillis"},
	{"tin", "interval", "MonthDayNanos"},
	{"+l", "list", ""},
	{"+L", "list", ""},
	{"+vl", "list", ""},
	{"+vL", "list", ""},
	{"+s", "struct", ""},
	{"+m", "map", ""},
	{"+r", "run-end encoded", ""},
}

func plain(format string) (plainType, bool) {
	for i := range plainTypes {
		if plainTypes[i].format == format {
			return plainTypes[i], true
		}
	}
	return plainType{}, false
}

// String is the type's name for people.
func (t DataType) String() string {
	if t.Dictionary {
		return "dictionary"
	}
	if known, ok := plain(t.Format); ok {
		return known.name
	}
	if precision, scale, bits, ok := t.Decimal(); ok {
		return "decimal" + strconv.Itoa(bits) + "(" + strconv.Itoa(precision) + ", " + strconv.Itoa(scale) + ")"
	}
	switch {
	case strings.HasPrefix(t.Format, "w:"):
		return "fixed-size binary(" + t.Format[2:] + ")"
	case strings.HasPrefix(t.Format, "+w:"):
		return "fixed-size list"
	case strings.HasPrefix(t.Format, "tt"):
		return "time"
	case strings.HasPrefix(t.Format, "ts"):
		return "timestamp"
	case strings.HasPrefix(t.Format, "tD"):
		return "duration"
	}
	return "a nested type (`" + t.Format + "`)"
}

// column is the Go type to read a column of this type as; "" where there is none.
func (t DataType) column() string {
	if known, ok := plain(t.Format); ok {
		return known.column
	}
	if _, _, bits, ok := t.Decimal(); ok {
		if bits > 128 {
			return "Decimal256"
		}
		return "Decimal"
	}
	switch {
	case strings.HasPrefix(t.Format, "w:"):
		return "[]byte"
	case strings.HasPrefix(t.Format, "tt"):
		if t.Unit() == Second || t.Unit() == Millisecond {
			return "Time32"
		}
		return "Time64"
	case strings.HasPrefix(t.Format, "ts"):
		return "Timestamp"
	case strings.HasPrefix(t.Format, "tD"):
		return "Duration"
	}
	return ""
}

// accessor is what to call to read a column of this type: the end of the sentence "read it with".
func (f Field) accessor() string {
	if _, isList := listWidth(f.Type); isList {
		return "Raw and its method Lists"
	}
	switch f.Type {
	case DataType{Format: "+s"}:
		return "Raw and its method Structs"
	case DataType{Format: "+m"}:
		return "Raw and its method Maps"
	}
	kind := f.ValueType().column()
	if kind == "" || f.Type.Dictionary && kind != "string" && kind != "[]byte" {
		return "Raw, or cast it with Eval"
	}
	if kind[0] >= 'A' && kind[0] <= 'Z' {
		kind = "tenon." + kind
	}
	return "tenon.Column[" + kind + "]"
}
