module sluice.dev/local/temporal

go 1.24.0

require github.com/temporalio/cli v1.5.1

tool github.com/temporalio/cli/cmd/temporal
