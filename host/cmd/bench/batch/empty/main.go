// Command empty does nothing. It measures the least time that a Go program needs to start.
package main

func main() {}
