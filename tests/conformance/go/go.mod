module conformance

go 1.25

require tenon v0.1.0

replace tenon => ../../../sdk/go
