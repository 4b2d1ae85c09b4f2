module x8s.dev/lab/tools

go 1.26
