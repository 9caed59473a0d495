package job

import (
	"tenon"
	"tenon/internal/config"
)

// Source is what a script reads: what stands in a source's table of a job file.
type Source struct{ table map[string]any }

// Sink is where a script writes: what stands in a sink's table of a job file.
type Sink struct{ table map[string]any }

// Mode is what becomes of data that a sink already holds.
type Mode string

// The modes.
const (
	// Error: nothing; the run fails before it reads.
	Error Mode = "error"
	// Overwrite: they are replaced, once the new ones are complete.
	Overwrite Mode = "overwrite"
	// Append: they stay, the new ones are added.
	Append Mode = "append"
	// Ignore: they stay, and nothing is written.
	Ignore Mode = "ignore"
)

// Files are files of a format to read: csv, tsv, ndjson, parquet, avro, ...
func Files(format, url string) Source {
	return Source{map[string]any{"connector": "file", "url": url, "format": format}}
}

// Connector is whatever a connector reads.
func Connector(name string) Source {
	return Source{map[string]any{"connector": name}}
}

// Null is a text of CSV or TSV files that means "no value", besides those given before.
func (s Source) Null(text string) Source {
	table := copied(s.table)
	csv, _ := table["csv"].(map[string]any)
	csv = copied(csv)
	nulls, _ := csv["null"].([]string)
	csv["null"] = append(nulls[:len(nulls):len(nulls)], text)
	table["csv"] = csv
	return Source{table}
}

// Option is any setting, by its path in the table: "csv.delimiter".
func (s Source) Option(setting string, value any) Source {
	return Source{set(s.table, path(setting), value)}
}

// To are files of a format to write: csv, tsv, ndjson, parquet, avro.
func To(format, url string) Sink {
	return Sink{map[string]any{"connector": "file", "url": url, "format": format}}
}

// Parquet are Parquet files to write.
func Parquet(url string) Sink { return To("parquet", url) }

// CSV are CSV files to write.
func CSV(url string) Sink { return To("csv", url) }

// NDJSON are files to write with one JSON object per line.
func NDJSON(url string) Sink { return To("ndjson", url) }

// ToConnector is whatever a connector writes.
func ToConnector(name string) Sink {
	return Sink{map[string]any{"connector": name}}
}

// PartitionBy makes a folder for each value of these columns, which the files then leave out.
func (s Sink) PartitionBy(columns ...string) Sink {
	return s.Option("partition_by", columns)
}

// Mode says what becomes of data that are already there; without it, the run fails if there are any.
func (s Sink) Mode(mode Mode) Sink {
	return s.Option("mode", string(mode))
}

// Option is any setting, by its path in the table: "parquet.compression".
func (s Sink) Option(setting string, value any) Sink {
	return Sink{set(s.table, path(setting), value)}
}

// tableOf is a source or sink as JSON: a text as a text.
func tableOf(table any) (string, error) {
	switch exact := table.(type) {
	case Source:
		table = exact.table
	case Sink:
		table = exact.table
	case string, map[string]any:
	default:
		return "", tenon.BadConfig("a source or sink is a URL, a name, or what this package makes of them")
	}
	json, err := config.Encode(table)
	if err != nil {
		return "", tenon.BadConfig("a source or sink is no JSON: " + err.Error())
	}
	return json, nil
}

func copied(table map[string]any) map[string]any {
	other := make(map[string]any, len(table)+1)
	for key, value := range table {
		other[key] = value
	}
	return other
}

// set is a copy of the table with one setting.
func set(table map[string]any, path []string, value any) map[string]any {
	other := copied(table)
	if len(path) == 1 {
		other[path[0]] = value
		return other
	}
	inner, _ := other[path[0]].(map[string]any)
	other[path[0]] = set(inner, path[1:], value)
	return other
}
