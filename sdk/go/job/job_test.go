package job_test

import (
	"slices"
	"strings"
	"testing"

	"tenon"
	"tenon/job"
	"tenon/tenontest"
)

func init() {
	tenon.Transform("positive", "", func(batch tenon.Batch, _ tenon.NoConfig) (tenon.Batch, error) {
		amounts, err := tenon.Column[float64](batch, "amount")
		if err != nil {
			return batch, err
		}
		for row, amount := range amounts.All() {
			if amount < 0 {
				tenon.Reject(row, "negative")
			}
		}
		return batch.WithoutRejected()
	})
	job.Run(script)
}

func script(ctx *job.Context) error {
	most, err := job.Param[int](ctx, "most")
	if err != nil {
		return err
	}
	orders := ctx.Read(job.Files("csv", "orders.csv").Null("NA").Null("-").Option("csv.delimiter", ";"))
	kept := orders.Select("amount", "id").Limit(most).Apply("positive", nil)
	if _, err := kept.Write(job.Parquet("out/").PartitionBy("id").Mode(job.Overwrite)); err != nil {
		return err
	}
	_, err = kept.Rejected().Write("rejected.ndjson")
	return err
}

func TestScriptsRun(t *testing.T) {
	defer tenontest.Reset()
	tenontest.SetParameter("most", "3")
	tenontest.Source("orders.csv", tenontest.Batch(t,
		tenon.Named("id", tenontest.Column[int64](1, 2, 3, 4)),
		tenon.Named("amount", tenontest.Column[float64](10, -1, 5, 7)),
	))
	if err := tenontest.RunJob(); err != nil {
		t.Fatal(err)
	}
	written := tenontest.Written("out/")
	ids, err := tenon.Column[int64](written[0], "id")
	if err != nil || !slices.Equal(ids.Values(), []int64{1, 3}) {
		t.Error(ids, err)
	}
	reasons, err := tenon.Column[string](tenontest.Written("rejected.ndjson")[0], "rejected_because")
	if err != nil || reasons.Values()[0] != "negative" {
		t.Error(reasons, err)
	}
	asked := strings.Join(tenontest.Operations(), "; ")
	want := `write {"connector":"file","format":"parquet","mode":"overwrite","partition_by":["id"],"url":"out/"}`
	if !strings.Contains(asked, want) {
		t.Error(asked)
	}
}

func TestErrorsGoDownTheChain(t *testing.T) {
	defer tenontest.Reset()
	if err := tenontest.RunJob(); err == nil || err.Error() != "the job has no parameter `most`" {
		t.Error(err)
	}
	tenontest.SetParameter("most", "3")
	if err := tenontest.RunJob(); err == nil || !strings.Contains(err.Error(), "there is no source `orders.csv`") {
		t.Error(err)
	}
}
