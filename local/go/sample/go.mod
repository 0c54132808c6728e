module sluice.dev/local/sample

go 1.24
