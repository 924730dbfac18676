module github.com/finece/finece

go 1.26
