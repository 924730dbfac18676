// Package pool spreads requests over several servers of one model.
//
// A [Pool] does the HTTP of a model.Client. Each request goes to the server that has the
// fewest requests in flight for its weight, so a slow server gets fewer of them. If a
// server cannot take a request (there is no connection, or the status is 429 or 5xx),
// the request goes to another server at once. If no server takes it, the client waits
// and tries again, as with a single server.
//
// A server that fails three times in a row is left out for 5 seconds. Then it gets one request
// as a trial. If that fails too, the server is left out for twice as long, at most 2 minutes. A
// server that says 429 or sends Retry-After is left out for as long as it says. If
// all servers are left out, the next request goes to the one whose time is over
// first.
//
// A server that does not reply within the time limit of a request has failed. The
// request also fails, because its time is over.
//
// The servers have to serve the same model under the same name. Nothing of a request depends
// on the server: the seed is the same, whichever server answers.
package pool
