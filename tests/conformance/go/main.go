// Conformance is the guest of the conformance suite in Go: every function that the suite calls, written as a user would.
package main

import "tenon"

func init() {
	tenon.Transform("pass", "Returns its batch.", pass)
	tenon.Transform("rebuild", "Reads every column value by value and builds it anew.", rebuild)
	tenon.Transform("raw", "Reads every column raw and builds the batch anew.", raw)
	tenon.Transform("kernel", "Computes SQL expressions in the host.", kernel)
	tenon.Transform("filter", "Keeps the rows for which a predicate is true.", filter)
	tenon.Transform("slice", "A range of rows.", slice)
	tenon.Transform("take", "Rows by number.", take)
	tenon.Transform("select", "Columns by name.", selectColumns)
	tenon.Transform("concat", "The batch twice.", concat)
	tenon.Transform("double", "Doubles a column of integers.", double)
	tenon.Transform("clean", "Texts in upper case, with nothing but letters and digits.", clean)
	tenon.Transform("branch", "Tells amounts apart.", branch)
	tenon.Transform("reject", "Rejects the rows where a column isn't true.", reject)
	tenon.Transform("reject_late", "Filters before it leaves out what it rejected.", rejectLate)
	tenon.Transform("config", "Shows its configuration.", showConfig)
	tenon.Transform("host", "Uses what the run offers.", useHost, tenon.Stateless(false))
	tenon.Stateful("state", "Counts runs.", countRuns)
	tenon.Transform("fail", "Fails.", fail)
	tenon.Transform("raise", "Panics three calls deep.", raise)
	tenon.Stateful("lie", "Returns another schema than it announced.", lie)
	tenon.Transform("missing", "Reads a column that isn't there.", missing)
	tenon.Transform("memory", "Allocates without end.", memory)
	tenon.Transform("spin", "Loops without end.", spin)
	tenon.Stateful("count_rows", "Counts rows, and says how many at the end.", countRows)
	tenon.Scalar("greet", "Greets.", greet)
}

func main() {}
