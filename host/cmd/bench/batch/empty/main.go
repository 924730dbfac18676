// Command empty does nothing: the least that starting a Go program takes.
package main

func main() {}
