package contract

// Version is the version of everything that is released together: the Go module (its tag is v
// and this version), the command, the npm package, the Python package and the container image.
// The generator writes it into the packages' files.
const Version = "0.1.0"
