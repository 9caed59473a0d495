package tenon

import (
	"math"
	"strconv"
	"strings"
)

// Ranges is which of the items each row of a column of lists or maps has: the items of all rows are one column.
type Ranges struct {
	// ends is where the items of each row end; those of the first begin at 0.
	ends []int
	nulls
}

// Len is the number of rows.
func (r *Ranges) Len() int {
	return len(r.ends)
}

// Nulls is the number of rows that are null.
func (r *Ranges) Nulls() int {
	return r.nulls.count
}

// IsNull is whether a row is null.
func (r *Ranges) IsNull(row int) bool {
	return r.nulls.has(row)
}

// Get is where a row's items begin and end, false where it is null.
func (r *Ranges) Get(row int) (from, to int, ok bool) {
	from, to = r.Span(row)
	return from, to, !r.IsNull(row)
}

// Span is where the items begin and end that belong to a row, also to one that is null.
func (r *Ranges) Span(row int) (from, to int) {
	if row > 0 {
		from = r.ends[row-1]
	}
	return from, r.ends[row]
}

// Lists is a column of lists. [RawColumn.Lists] reads one, [NewLists] makes one.
type Lists struct {
	Ranges
	// Items are those of all rows: [Typed] or RawColumn's methods read them.
	Items RawColumn
	field Field
}

// Lists is the column as one of lists, of any layout. [KindBadConfig] if it is of another type.
func (c RawColumn) Lists() (*Lists, error) {
	width, isList := listWidth(c.Field.Type)
	if !isList {
		return nil, mismatch(c.Field, "a list")
	}
	own, children, ok := c.split()
	if !ok || len(children) != 1 {
		return nil, broken(c.Field.Name)
	}
	read := &Lists{Items: children[0], field: c.Field}
	if width > 0 {
		read.ends = make([]int, c.Len())
		for row := range read.ends {
			read.ends[row] = (row + 1) * width
		}
	} else if read.ends, ok = endsOf(own[1], c.Len(), strings.HasSuffix(c.Field.Type.Format, "L")); !ok {
		return nil, broken(c.Field.Name)
	}
	if read.nulls, ok = nullsOf(own[0], c); !ok || !read.fit(read.Items) {
		return nil, broken(c.Field.Name)
	}
	return read, nil
}

// NewLists is rows with so many items each, of items that are those of all rows, one after the other.
func NewLists(lengths []int, items Data) (*Lists, error) {
	child, err := items.raw()
	if err != nil {
		return nil, err
	}
	ranges, err := rangesOf(lengths, child.Len())
	if err != nil {
		return nil, err
	}
	child.Field.Name = "item"
	field := NewField("", DataType{Format: "+l"})
	field.Children = []Field{child.Field}
	return &Lists{Ranges: ranges, Items: child, field: field}, nil
}

// WithNulls is the same rows, of which those that are not valid are null.
func (l *Lists) WithNulls(valid []bool) (*Lists, error) {
	with := *l
	var err error
	with.nulls, err = nullsWhere(valid, l.Len())
	return &with, err
}

// Like is the same lists as a column with this field's type, nullability and metadata, and those of its items: for a column
// that stands in for another. A type of lists of one length is for rows that have that many items, nulls too.
func (l *Lists) Like(field Field) (*Lists, error) {
	width, isList := listWidth(field.Type)
	if !isList || len(field.Children) != 1 {
		return nil, BadConfig("a column of " + field.Type.String() + " doesn't hold lists")
	}
	items, err := l.Items.Like(field.Children[0])
	if err != nil {
		return nil, err
	}
	for row := range l.ends {
		if from, to := l.Span(row); width > 0 && to-from != width {
			return nil, BadData("row " + strconv.Itoa(row) + " has " + strconv.Itoa(to-from) + " items, not " + strconv.Itoa(width))
		}
	}
	return &Lists{l.Ranges, items, field}, nil
}

func (l *Lists) raw() (RawColumn, error) {
	own := [][]byte{l.present()}
	if width, _ := listWidth(l.field.Type); width == 0 {
		own = append(own, l.offsets(strings.HasSuffix(l.field.Type.Format, "L")))
	}
	return joined(l.field, l.Len(), l.count, own, l.Items), nil
}

// Maps is a column of maps. [RawColumn.Maps] reads one, [NewMaps] makes one.
type Maps struct {
	Ranges
	// Keys are those of all rows.
	Keys RawColumn
	// Values are those of all rows, in the order of the keys.
	Values RawColumn
	field  Field
}

// Maps is the column as one of maps. [KindBadConfig] if it is of another type.
func (c RawColumn) Maps() (*Maps, error) {
	if c.Field.Type != (DataType{Format: "+m"}) {
		return nil, mismatch(c.Field, "a map")
	}
	own, entries, ok := c.split()
	if !ok || len(entries) != 1 {
		return nil, broken(c.Field.Name)
	}
	_, children, ok := entries[0].split()
	if !ok || len(children) != 2 {
		return nil, broken(c.Field.Name)
	}
	read := &Maps{Keys: children[0], Values: children[1], field: c.Field}
	var sound bool
	read.ends, ok = endsOf(own[1], c.Len(), false)
	read.nulls, sound = nullsOf(own[0], c)
	if !ok || !sound || !read.fit(read.Keys) || !read.fit(read.Values) {
		return nil, broken(c.Field.Name)
	}
	return read, nil
}

// NewMaps is rows with so many entries each, of keys and values that are those of all rows, one after the other. A key
// can't be null.
func NewMaps(lengths []int, keys, values Data) (*Maps, error) {
	key, err := keys.raw()
	if err != nil {
		return nil, err
	}
	value, err := values.raw()
	if err != nil {
		return nil, err
	}
	ranges, err := rangesOf(lengths, key.Len())
	if err != nil {
		return nil, err
	}
	if key.Len() != value.Len() {
		return nil, BadData("a map has " + strconv.Itoa(key.Len()) + " keys, but " + strconv.Itoa(value.Len()) + " values")
	}
	key.Field.Name, key.Field.Nullable, value.Field.Name = "key", false, "value"
	entries := Field{Name: "entries", Type: DataType{Format: "+s"}, Children: []Field{key.Field, value.Field}}
	field := NewField("", DataType{Format: "+m"})
	field.Children = []Field{entries}
	return &Maps{ranges, key, value, field}, nil
}

// WithNulls is the same rows, of which those that are not valid are null.
func (m *Maps) WithNulls(valid []bool) (*Maps, error) {
	with := *m
	var err error
	with.nulls, err = nullsWhere(valid, m.Len())
	return &with, err
}

// Like is the same maps as a column with this field's nullability and metadata, and those of its keys and values: for a
// column that stands in for another.
func (m *Maps) Like(field Field) (*Maps, error) {
	if field.Type.Format != "+m" || len(field.Children) != 1 || len(field.Children[0].Children) != 2 {
		return nil, BadConfig("a column of " + field.Type.String() + " doesn't hold maps")
	}
	keys, err := m.Keys.Like(field.Children[0].Children[0])
	if err != nil {
		return nil, err
	}
	values, err := m.Values.Like(field.Children[0].Children[1])
	if err != nil {
		return nil, err
	}
	return &Maps{m.Ranges, keys, values, field}, nil
}

func (m *Maps) raw() (RawColumn, error) {
	entries := joined(m.field.Children[0], m.Keys.Len(), 0, [][]byte{nil}, m.Keys, m.Values)
	return joined(m.field, m.Len(), m.count, [][]byte{m.present(), m.offsets(false)}, entries), nil
}

// Structs is a column of structs. [RawColumn.Structs] reads one, [NewStructs] makes one.
type Structs struct {
	nulls
	// Members are columns of their own, with their names. Where a row is null, what they have means nothing.
	Members []RawColumn
	field   Field
	rows    int
}

// Structs is the column as one of structs. [KindBadConfig] if it is of another type.
func (c RawColumn) Structs() (*Structs, error) {
	if c.Field.Type != (DataType{Format: "+s"}) {
		return nil, mismatch(c.Field, "a struct")
	}
	own, members, ok := c.split()
	if !ok {
		return nil, broken(c.Field.Name)
	}
	read := &Structs{Members: members, field: c.Field, rows: c.Len()}
	if read.nulls, ok = nullsOf(own[0], c); !ok {
		return nil, broken(c.Field.Name)
	}
	return read, nil
}

// NewStructs is a column of structs with these members, which must all have the same number of rows.
func NewStructs(members ...NamedColumn) (*Structs, error) {
	schema, columns, err := evaluated(members)
	if err != nil {
		return nil, err
	}
	made := &Structs{Members: columns, field: NewField("", DataType{Format: "+s"})}
	for i := range columns {
		columns[i].Field = schema[i]
		if i > 0 && columns[i].Len() != columns[0].Len() {
			return nil, BadData("the member `" + schema[i].Name + "` has " + strconv.Itoa(columns[i].Len()) +
				" rows, but the first one has " + strconv.Itoa(columns[0].Len()))
		}
		made.rows = columns[i].Len()
	}
	made.field.Children = schema
	return made, nil
}

// Len is the number of rows.
func (s *Structs) Len() int {
	return s.rows
}

// Nulls is the number of rows that are null.
func (s *Structs) Nulls() int {
	return s.nulls.count
}

// IsNull is whether a row is null.
func (s *Structs) IsNull(row int) bool {
	return s.nulls.has(row)
}

// Member is a member by its name; [KindBadConfig] for a name that isn't there, with the names that are.
func (s *Structs) Member(name string) (RawColumn, error) {
	names := make([]string, len(s.Members))
	for i, member := range s.Members {
		if member.Field.Name == name {
			return member, nil
		}
		names[i] = member.Field.Name
	}
	return RawColumn{}, BadConfig("column `" + s.field.Name + "` has no member `" + name + "`; the members are " +
		strings.Join(names, ", "))
}

// WithNulls is the same rows, of which those that are not valid are null.
func (s *Structs) WithNulls(valid []bool) (*Structs, error) {
	with := *s
	var err error
	with.nulls, err = nullsWhere(valid, s.rows)
	return &with, err
}

// Like is the same structs as a column with this field's nullability and metadata, and those of its members: for a column
// that stands in for another.
func (s *Structs) Like(field Field) (*Structs, error) {
	if field.Type.Format != "+s" || len(field.Children) != len(s.Members) {
		return nil, BadConfig("a column of " + field.Type.String() + " doesn't hold structs of " +
			strconv.Itoa(len(s.Members)) + " members")
	}
	like := &Structs{nulls: s.nulls, Members: make([]RawColumn, len(s.Members)), field: field, rows: s.rows}
	for i, member := range s.Members {
		var err error
		if like.Members[i], err = member.Like(field.Children[i]); err != nil {
			return nil, err
		}
	}
	return like, nil
}

func (s *Structs) raw() (RawColumn, error) {
	return joined(s.field, s.rows, s.count, [][]byte{s.present()}, s.Members...), nil
}

// listWidth is how many items each row of a type of lists has, 0 where that differs; false for other types.
func listWidth(dataType DataType) (width int, ok bool) {
	switch dataType {
	case DataType{Format: "+l"}, DataType{Format: "+L"}, DataType{Format: "+vl"}, DataType{Format: "+vL"}:
		return 0, true
	}
	length, ok := strings.CutPrefix(dataType.Format, "+w:")
	if !ok || dataType.Dictionary {
		return 0, false
	}
	width, err := strconv.Atoi(length)
	return width, err == nil && width > 0
}

// rangesOf is rows with so many of the items each, and together all of them.
func rangesOf(lengths []int, items int) (Ranges, error) {
	ends := make([]int, len(lengths))
	end := 0
	for row, length := range lengths {
		if length < 0 {
			return Ranges{}, BadData("row " + strconv.Itoa(row) + " can't have " + strconv.Itoa(length) + " items")
		}
		end += length
		ends[row] = end
	}
	if end != items {
		return Ranges{}, BadData("the rows' lengths say " + strconv.Itoa(end) + " items, but there are " + strconv.Itoa(items))
	}
	if items > math.MaxInt32 {
		return Ranges{}, NewError(KindLimit, "one column of lists has at most 2,147,483,647 items, not "+strconv.Itoa(items))
	}
	return Ranges{ends: ends}, nil
}

// fit is whether the ranges are of these items.
func (r *Ranges) fit(items RawColumn) bool {
	end := 0
	for _, next := range r.ends {
		if next < end {
			return false
		}
		end = next
	}
	return end <= items.Len()
}

// offsets are the ranges as they cross.
func (r *Ranges) offsets(wide bool) []byte {
	if wide {
		return bytesOf(startAndEnds[int64](r.ends))
	}
	return bytesOf(startAndEnds[int32](r.ends))
}

func startAndEnds[O int32 | int64](ends []int) []O {
	offsets := make([]O, len(ends)+1)
	for row, end := range ends {
		offsets[row+1] = O(end)
	}
	return offsets
}

// endsOf are the ends of rows by their offsets, which may be missing where there are no rows.
func endsOf(offsets []byte, length int, wide bool) ([]int, bool) {
	if length == 0 {
		return nil, true
	}
	read := widened[int32]
	if wide {
		read = widened[int64]
	}
	all, ok := read(offsets, length+1)
	if !ok || all[0] != 0 {
		return nil, false
	}
	return all[1:], true
}

func nullsOf(validity []byte, column RawColumn) (nulls, bool) {
	if column.Nulls() == 0 {
		return nulls{}, true
	}
	return nulls{validity, column.Nulls()}, len(validity) >= (column.Len()+7)/8
}

// nullsWhere is the nulls of so many rows, by whether each has a value.
func nullsWhere(valid []bool, rows int) (nulls, error) {
	if len(valid) != rows {
		return nulls{}, BadData("which rows are null was said of " + strconv.Itoa(len(valid)) + " rows, but the column has " +
			strconv.Itoa(rows))
	}
	made := nulls{validity: writeBits(valid)}
	for _, isValid := range valid {
		if !isValid {
			made.count++
		}
	}
	return made, nil
}
