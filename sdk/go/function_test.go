package tenon_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tenon"
	"tenon/tenontest"
)

type sizes struct {
	LargeFrom float64 `default:"100" doc:"From where it is large."`
	Word      string  `json:"word" default:"large" enum:"large,big"`
	Ids       []int64 `default:"[]"`
	Limit     *int    `doc:"At most."`
	Needed    bool
}

func init() {
	tenon.Transform("sizes", "Tells sizes.\n\nAt length.", func(batch tenon.Batch, config sizes) (tenon.Batch, error) {
		amounts, err := tenon.Column[float64](batch, "amount")
		if err != nil {
			return batch, err
		}
		for row, amount := range amounts.All() {
			if amount < 0 {
				tenon.Reject(row, "negative")
				tenon.Reject(row, "again")
			}
		}
		size := tenon.Map(amounts, func(amount float64) string {
			if amount >= config.LargeFrom {
				return config.Word
			}
			return "small"
		})
		if batch, err = batch.With("size", size); err != nil {
			return batch, err
		}
		return batch.WithoutRejected()
	}, tenon.Reads("amount"))
	tenon.Transform("late", "", func(batch tenon.Batch, _ tenon.NoConfig) (tenon.Batch, error) {
		kept, err := batch.Slice(0, min(batch.Rows(), 2))
		if err != nil {
			return batch, err
		}
		batch.Close()
		tenon.Reject(0, "the first")
		return kept.WithoutRejected()
	})
	tenon.Transform("panics", "", func(batch tenon.Batch, _ tenon.NoConfig) (tenon.Batch, error) {
		var numbers []int
		return batch, errors.New(strings.Repeat("x", numbers[batch.Rows()]))
	})
	tenon.Stateful("total", "", func(_ tenon.NoConfig, _ tenon.Schema) (tenon.Processor, error) { return &total{}, nil })
	tenon.Scalar("next", "", func(batch tenon.Batch, _ tenon.NoConfig) (*tenon.Array[int64], error) {
		numbers, err := tenon.Column[int64](batch, "arg_1")
		if err != nil {
			return nil, err
		}
		return tenon.Map(numbers, func(number int64) int64 { return number + 1 }), nil
	})
}

// total keeps the batches that it gets until the end.
type total struct{ parts []tenon.Batch }

func (s *total) Process(batch tenon.Batch) ([]tenon.Batch, error) {
	s.parts = append(s.parts, batch.Keep())
	return nil, nil
}

func (s *total) Finish() ([]tenon.Batch, error) {
	whole, err := tenon.Concat(s.parts...)
	return []tenon.Batch{whole}, err
}

func amounts(t *testing.T) tenon.Batch {
	return tenontest.Batch(t, tenon.Named("amount", tenontest.Column[float64](20, 250, -1, nil)))
}

func TestFunctionsRun(t *testing.T) {
	output, err := tenontest.Run("sizes", map[string]any{"needed": true, "word": "big"}, amounts(t))
	if err != nil {
		t.Fatal(err)
	}
	size, err := tenon.Column[string](output.Batches[0], "size")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(size.Values()[:2], []string{"small", "big"}) || !size.IsNull(2) || size.Len() != 3 {
		t.Error(size.Values())
	}
	if !slices.Equal(output.Rejected, []tenontest.Rejection{{Row: 2, Reason: "negative"}}) {
		t.Error(output.Rejected)
	}
}

func TestRejectedRowsAreLeftOutOfNoOtherBatchThanTheInput(t *testing.T) {
	_, err := tenontest.Run("late", nil, amounts(t))
	if err == nil || tenon.KindOf(err) != tenon.KindBadConfig ||
		!strings.Contains(err.Error(), "has 2 rows, but the function was given 4, ") ||
		!strings.Contains(err.Error(), "before Filter") {
		t.Error(err)
	}
	output, err := tenontest.Run("late", nil, tenontest.Batch(t, tenon.Named("a", tenontest.Column[int64](1, 2))))
	if err != nil || output.Batches[0].Rows() != 1 {
		t.Error(output, err)
	}
	// What the call before was given is forgotten.
	if batch, err := amounts(t).WithoutRejected(); err != nil || batch.Rows() != 4 {
		t.Error(batch, err)
	}
}

func TestConfigurationsAreChecked(t *testing.T) {
	for configuration, want := range map[string]string{
		`{"needed": 1}`:                     "$.needed: expected true or false, found 1",
		`{}`:                                "$: missing key `needed`, true or false",
		`{"needed": true, "neded": 1}`:      "$: unknown key `neded`; the keys are `large_from`, `word`, `ids`, `limit`, `needed`",
		`{"needed": true, "ids": [1, "a"]}`: "$.ids[1]: expected an integer, found \"a\"",
		`{"needed": true, "ids": [1.5]}`:    "$.ids[0]: expected an integer, found 1.5",
		`{"needed": true, "word": "huge"}`:  "$.word: expected one of large, big, found \"huge\"",
		`{"needed": true`:                   "the configuration isn't JSON: there is no `,` or `}` at byte 15",
		`{"needed": true, "limit": "x"}`:    "$.limit: expected an integer, found \"x\"",
		`[1]`:                               "$: expected an object, found a list",
	} {
		_, err := tenontest.Run("sizes", configuration, amounts(t))
		if err == nil || !strings.HasSuffix(err.Error(), want) || tenon.KindOf(err) != tenon.KindBadConfig {
			t.Errorf("%s: %v", configuration, err)
		}
	}
	want := `{"type":"object","properties":{"large_from":{"type":"number","description":"From where it is large.",` +
		`"default":100},"word":{"type":"string","enum":["large","big"],"default":"large"},"ids":{"type":"array","items":` +
		`{"type":"integer"},"default":[]},"limit":{"type":"integer","description":"At most."},"needed":{"type":"boolean"}},` +
		`"required":["needed"],"additionalProperties":false,"title":"sizes","$schema":"https://json-schema.org/draft/2020-12/schema"}`
	if got := tenontest.ConfigSchema("sizes"); got != want {
		t.Error(got)
	}
}

func TestPanicsTellWhere(t *testing.T) {
	_, err := tenontest.Run("panics", nil, amounts(t))
	if err == nil || tenon.KindOf(err) != tenon.KindInternal {
		t.Fatal(err)
	}
	for _, part := range []string{"panic: runtime error: index out of range [0] with length 0", "function_test.go:"} {
		if !strings.Contains(err.Error(), part) {
			t.Error(err)
		}
	}
}

func TestStatefulFunctionsKeepBatches(t *testing.T) {
	session, err := tenontest.Open("total", "", amounts(t).Schema())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := session.Process(amounts(t)); err != nil {
			t.Fatal(err)
		}
	}
	output, err := session.Finish()
	if err != nil || output.Batches[0].Rows() != 8 {
		t.Error(output, err)
	}
}

func TestScalarsMakeAValuePerRow(t *testing.T) {
	output, err := tenontest.Run("next", "", tenontest.Batch(t, tenon.Named("arg_1", tenontest.Column[int64](1, nil))))
	if err != nil {
		t.Fatal(err)
	}
	next, err := tenon.Column[int64](output.Batches[0], "next")
	if err != nil || next.Values()[0] != 2 || !next.IsNull(1) {
		t.Error(next, err)
	}
}

func TestUnknownFunctionsAreNamed(t *testing.T) {
	_, err := tenontest.Run("nosuch", "", amounts(t))
	if err == nil || err.Error() != "there is no function `nosuch`; the functions are late, next, panics, sizes, total" {
		t.Error(err)
	}
	_, err = tenontest.Run("sizes", `{"needed":true}`, tenontest.Batch(t, tenon.Named("a", tenontest.Column[int64](1))))
	if err == nil || err.Error() != "function `sizes`: there is no column `amount`; the columns are a" {
		t.Error(err)
	}
}

func TestSQLIsAnsweredByTheTest(t *testing.T) {
	defer tenontest.Reset()
	batch := amounts(t)
	if _, err := batch.Filter("amount > 0"); tenon.KindOf(err) != tenon.KindUnsupported {
		t.Error(err)
	}
	tenontest.Answer(tenontest.Batch(t, tenon.Named("amount", tenontest.Column[float64](250))))
	filtered, err := batch.Filter("amount > 0")
	if err != nil || filtered.Rows() != 1 {
		t.Error(filtered, err)
	}
}

func TestErrorsKeepTheirKind(t *testing.T) {
	err := tenon.Within("reading", tenon.Transient("later"))
	if err.Error() != "reading: later" || tenon.KindOf(err) != tenon.KindTransient {
		t.Error(err)
	}
	if tenon.KindOf(errors.New("plain")) != tenon.KindBadData {
		t.Error("plain errors are about data")
	}
}

func TestBindingsAreThoseOfTheContract(t *testing.T) {
	files, _ := filepath.Glob("../../wit/*.wit")
	if len(files) == 0 {
		t.Skip("the contract isn't here")
	}
	hash := sha256.New()
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		hash.Write([]byte(filepath.Base(file) + "\x00"))
		hash.Write(content)
		hash.Write([]byte{0})
	}
	generated, err := os.ReadFile("internal/wit/wit-sha256")
	if err != nil {
		t.Fatal(err)
	}
	if hex.EncodeToString(hash.Sum(nil)) != strings.TrimSpace(string(generated)) {
		t.Error("wit/ has changed: run cargo run --manifest-path sdk/go/generate/Cargo.toml")
	}
}
