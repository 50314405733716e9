module example.org/signet

go 1.19
