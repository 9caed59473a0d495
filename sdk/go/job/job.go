// Package job is for whole jobs as scripts: read, transform and write, while the host plans and runs everything natively.
//
//	func init() {
//		tenon.Transform("redact", "Hides the values of a column.", redact)
//		job.Run(run)
//	}
//
//	func run(ctx *job.Context) error {
//		most, err := job.Param[int](ctx, "most")
//		if err != nil {
//			return err
//		}
//		orders := ctx.Read("s3://raw/orders/*.parquet").Select("id", "customer").Limit(most)
//		redacted := orders.Apply("redact", map[string]any{"column": "customer"})
//		_, err = redacted.Write(job.Parquet("s3://lake/orders/").Mode(job.Append))
//		return err
//	}
//
// A [Frame] is a query that has not run. What is wrong with one is an error of the call that made it; frames carry it on,
// so that a chain of calls is looked at once, by [Frame.Err] or where a frame is run.
package job

import (
	"strconv"

	"tenon"
	"tenon/internal/boundary"
	"tenon/internal/guest"
	"tenon/internal/pipeline"
	"tenon/internal/wire"
)

// Context is the run that a script drives.
type Context struct{}

// Run offers a script. A program has at most one.
func Run(script func(ctx *Context) error) {
	if guest.Run != nil {
		panic("tenon: there are two scripts")
	}
	guest.Run = func() *wire.Error { return guest.Call(func() error { return script(&Context{}) }) }
}

// Read is a source: the URL of files, the name of a table that the job knows, or a [Source].
func (c *Context) Read(source any) *Frame {
	json, err := tableOf(source)
	if err != nil {
		return &Frame{err: err}
	}
	return made(pipeline.Read(json))
}

// Input is a frame with the name that a query has for it.
type Input struct {
	Name  string
	Frame *Frame
}

// SQL is a query over frames, which are its tables.
func (c *Context) SQL(query string, inputs ...Input) *Frame {
	converted := make([]pipeline.Input, len(inputs))
	for i, input := range inputs {
		if input.Frame.err != nil {
			return input.Frame
		}
		converted[i] = pipeline.Input{Name: input.Name, Frame: input.Frame.handle}
	}
	return made(pipeline.SQL(query, converted))
}

// Secret is a secret by name; [tenon.KindDenied] unless the job was granted it.
func (c *Context) Secret(name string) (string, error) {
	return tenon.Secret(name)
}

// Param is a parameter of the job as a value of this type; [tenon.KindBadConfig] if there is none of this name, or it
// doesn't fit.
func Param[T bool | int | int64 | float64 | string](_ *Context, name string) (T, error) {
	var value T
	text, ok := boundary.Parameter(name)
	if !ok {
		return value, tenon.BadConfig("the job has no parameter `" + name + "`")
	}
	var err error
	switch value := any(&value).(type) {
	case *bool:
		*value, err = strconv.ParseBool(text)
	case *int:
		*value, err = strconv.Atoi(text)
	case *int64:
		*value, err = strconv.ParseInt(text, 10, 64)
	case *float64:
		*value, err = strconv.ParseFloat(text, 64)
	case *string:
		*value = text
	}
	if err != nil {
		return value, tenon.BadConfig("the parameter `" + name + "` is `" + text + "`: " + err.Error())
	}
	return value, nil
}

// ParamOr is as Param, or a default where the job has no such parameter.
func ParamOr[T bool | int | int64 | float64 | string](ctx *Context, name string, standard T) (T, error) {
	if _, ok := boundary.Parameter(name); !ok {
		return standard, nil
	}
	return Param[T](ctx, name)
}
