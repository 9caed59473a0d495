module tenon

go 1.25
