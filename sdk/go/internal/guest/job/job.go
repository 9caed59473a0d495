//go:build wasip1

// Package export_tenon_etl_job has the function of the exported interface `job`, as the bindings name it.
package export_tenon_etl_job

import (
	"tenon/internal/abi"
	"tenon/internal/guest"
	"tenon/internal/wit/tenon_etl_errors"
)

// Run drives the job.
func Run() abi.Result[abi.Unit, tenon_etl_errors.Error] {
	abi.Enter()
	defer abi.Leave()
	if err := guest.Run(); err != nil {
		return abi.Err[abi.Unit](tenon_etl_errors.Error(*err))
	}
	return abi.Ok[abi.Unit, tenon_etl_errors.Error](abi.Unit{})
}
