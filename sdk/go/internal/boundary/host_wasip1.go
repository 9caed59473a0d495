package boundary

import (
	"tenon/internal/abi"
	"tenon/internal/wit/tenon_etl_errors"
	"tenon/internal/wit/tenon_etl_host"
)

// Log writes to the run's log.
func Log(level uint8, message string) {
	tenon_etl_host.Log(level, message)
}

// Count adds to a counter.
func Count(metric string, amount float64) {
	tenon_etl_host.Count(metric, amount)
}

// Parameter is a parameter of the job.
func Parameter(name string) (string, bool) {
	value := tenon_etl_host.Parameter(name)
	return value.Some(), value.Tag() == abi.OptionSome
}

// Secret is a secret of the job.
func Secret(name string) (string, error) {
	return value(tenon_etl_host.Secret(name))
}

// Now is the run's clock.
func Now() (seconds int64, nanoseconds uint32) {
	now := tenon_etl_host.Now()
	return now.Seconds, now.Nanoseconds
}

// Random draws random bytes.
func Random(bytes uint32) ([]byte, error) {
	return value(tenon_etl_host.Random(bytes))
}

// StateGet is a value of the state.
func StateGet(key string) ([]byte, bool, error) {
	found, err := value(tenon_etl_host.StateGet(key))
	return found.Some(), found.Tag() == abi.OptionSome, err
}

// StatePut sets a value of the state.
func StatePut(key string, bytes []byte) error {
	_, err := value(tenon_etl_host.StatePut(key, bytes))
	return err
}

// StateDelete removes a value of the state.
func StateDelete(key string) error {
	_, err := value(tenon_etl_host.StateDelete(key))
	return err
}

func value[T any](result abi.Result[T, tenon_etl_errors.Error]) (T, error) {
	if result.Tag() != abi.ResultOk {
		return result.Ok(), errorFrom(result.Err())
	}
	return result.Ok(), nil
}
