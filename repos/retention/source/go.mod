module example.org/retention

go 1.19
