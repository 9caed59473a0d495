//go:build !wasip1

package tenontest

import (
	"fmt"
	"reflect"

	"tenon"
)

// convert is a value of a test as one of a column: as it is, or an untyped constant that fits.
func convert[V tenon.Value](value any) V {
	if exact, ok := value.(V); ok {
		return exact
	}
	var converted V
	wanted := reflect.TypeOf(converted)
	given := reflect.ValueOf(value)
	if wanted == nil || !given.CanConvert(wanted) || wanted.Kind() == reflect.String != (given.Kind() == reflect.String) {
		panic(fmt.Sprintf("%v is no %T", value, converted))
	}
	return given.Convert(wanted).Interface().(V)
}
