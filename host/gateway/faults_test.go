package gateway_test

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// fault is a row of the table of faults: what can fail, what happens then, and the tests of it.
// A test is a function of this package, or "folder:Name".
type fault struct {
	of, what, becomes string
	tests             []any
}

const (
	edge   = "host/edge"
	serve  = "host/cmd/finece/internal/serve"
	server = "host/cmd/finece/internal/server"
)

var faults = []fault{
	{"model", "refuses connections", "Annotate: the text passes at once. The stream's log-probabilities give the confidences instead; without them the positions are unavailable (`unreachable`). Withhold: the failure policy decides.", by(TestWhateverTheModelDoes, TestLogprobsStandInForAModelThatIsGone)},
	{"model", "takes 200 ms", "The text does not wait. The end of the answer waits for p(z), for `settle` at most.", by(TestASlowModelIsWaitedForAtTheEnd, TestTextWaitsForAConfidenceModelOnlyUnderWithhold)},
	{"model", "takes 10 s", "The end of the answer waits for `settle`. Then p(z) comes from the log-probabilities, or is unavailable (`timeout`). After several such answers the model is not asked and no answer waits, until the model replies to a probe in time.", by(TestAnAnswersEndWaitsForOneSecond, TestAnswersDoNotWaitForADeadModel)},
	{"model", "says 429 or 500", "As if it refused connections, with the reason `endpoint-error`.", by(TestWhateverTheModelDoes, TestHammer)},
	{"model", "replies without a number", "As if it refused connections, with the reason `bad-reply`.", by(TestWhateverTheModelDoes)},
	{"model", "hangs, also in the middle of a reply", "As if it took 10 s. Withhold: after `max_delay` the failure policy decides.", by(TestWhateverTheModelDoes)},
	{"model", "fails, is late or is not calibrated at p(0), when the gate (`skip_above`) waits for p(0)", "The answer is scored, and handled as without a gate.", by(TestAnAnswerIsScoredIfTheQuestionIsNot, TestNothingIsAskedBeforeTheQuestion)},

	{"upstream", "refuses connections, or is silent before its headers", "The client gets status 502 or 504, with a code.", by(TestAnUpstreamThatIsNotThere)},
	{"upstream", "drops the connection in a stream, or falls silent in it", "The client gets every byte that came, then the records, and sees that the stream broke off. Withhold, closed: text that is not clear is not sent.", by(TestAStreamThatFailsInTheMiddle, edge+":TestAStreamThatBreaksOffIsNotFinished")},
	{"upstream", "reports an error in a stream, in any of five shapes", "The error passes, and nothing is added after it. Withhold, closed: earlier text that is not clear is not sent.", by(TestAnErrorInEachShape, TestErrorsOfMessages, TestAStreamThatFailsInTheMiddle)},
	{"upstream", "sends a JSON error with status 200", "The error passes unchanged, marked as unchecked. Closed: status 502.", by(TestAnErrorInsteadOfAStream, TestPlainAnswersOfAnotherShapeAreUnchecked)},
	{"upstream", "compresses its answer", "Scored routes ask for `identity`. If gzip comes instead, it is unpacked. br and zstd pass, marked as unchecked (`encoding`). Closed: status 502.", by(TestAPackedStreamIsUnpacked)},
	{"upstream", "speaks HTTP/2", "Streams, broken streams and disconnects are handled as over HTTP/1.1.", by(TestHTTP2OnBothSides)},
	{"upstream", "sends 40 MB in one event", "The event passes in parts while it comes. Withhold, closed: the answer ends before the event.", by(TestFortyMegabytesInOneEvent, TestWhatTheSessionCannotReadIsUnchecked)},
	{"upstream", "sends bytes after `[DONE]`", "The bytes pass. Withhold: they pass only if the failure policy is open and nothing was withheld.", by(TestBytesAfterTheEndPass, TestWhatFollowsTheEndUnderWithhold)},
	{"upstream", "answers before it has read the request", "On routes that are not scored, the answer is complete (full duplex).", by(TestAnEarlyAnswerArrivesWhole)},
	{"upstream", "refuses log-probabilities", "The request is sent again without them. For ten minutes, requests for that model do not ask for them.", by(TestAnUpstreamThatRefusesLogprobsGetsTheClientsRequest, TestARefusalOfLogprobsIsRemembered)},
	{"upstream", "fails, or is slow, when it is asked for continuations (`width` over 1)", "No more are sampled for the answer, and the fusion uses those that have come. The end of the answer waits for `settle` at most. This does not count as a failure of the confidence model.", by(TestContinuationsThatAreMissing, TestAnEndDoesNotWaitForContinuations)},
	{"upstream", "gives no answer from the other model of escalate", "Open: the first answer is sent, or continues if its text was sent already. Closed: status 502, or the first answer ends where it is. If the other model's answer breaks off after such text, the client's stream breaks off. A model that does not continue an answer is first asked for a new one.", by(TestPoliciesThatAskForSeveralAnswersSendOne, TestWhatAReplacementNeeds, TestAReplacementThatBreaksOff, TestAModelThatDoesNotContinueIsAskedAnew)},

	{"client", "expects `100-continue`", "The client gets 100 Continue and its answer. On scored routes the header is not sent to the upstream.", by(TestAClientThatExpectsContinue, edge+":TestAClientThatExpectsContinue")},
	{"client", "disconnects", "The requests to the upstream and to the model are cancelled.", by(TestAClientThatLeavesCancelsTheUpstream, TestHTTP2OnBothSides, edge+":TestEventsPassThroughTheWorkerOneByOne")},
	{"client", "reads slowly", "The gateway reads at most two pieces more than the client has read (under withhold, also `max_held`). After `write_timeout` the client's connection is closed.", by(TestASlowReaderBoundsWhatIsRead, TestASlowReaderIsDropped)},
	{"client", "sends slowly", "The client gets status 408 after `request_timeout`.", by(TestASlowRequestEnds)},
	{"client", "reads no bytes from an HTTP/2 connection", "The connection is closed after `write_timeout`.", by(server + ":TestSlowHTTP2ConnectionsEnd")},
	{"client", "sends a question of more than 5.9 MB", "A request up to `max_request` is scored (for a confidence model, a question up to 1 MiB). A larger one passes, marked as unchecked. Closed: it is refused.", by(TestALongQuestion)},
	{"client", "asks for n=2, and one choice is low", "Only that choice ends.", by(TestOneLowChoiceEndsAlone)},

	{"gateway", "gets SIGTERM", "It accepts no new requests. Streams under way end within `grace`.", by(serve+":TestServeStopsGracefully", serve+":TestAStreamUnderWayEndsAfterTheServerWasStopped")},
	{"gateway", "gets SIGKILL", "Streams under way break off for clients and upstreams. A new server can start at once.", by(serve + ":TestAKilledServerTearsItsStreams")},
	{"gateway", "gets SIGHUP", "Answers under way keep their settings; new ones have the new settings. If the file has an error, the error is logged and the earlier settings stay.", by(serve + ":TestServeReadsItsFileAgain")},
	{"gateway", "finds a TLS certificate that it cannot use", "The earlier certificate stays, and the error is logged.", by(server + ":TestACertificateIsReadAgainWhenItChanges")},
	{"gateway", "panics in a request", "Only that request ends.", by(TestAPanicEndsOneRequestAlone)},
	{"core", "traps", "The rest of that stream passes unscored, and a record says so (`core-lost`). Closed: the stream ends. Other streams are scored.", by(TestALostCoreCostsNoByte, TestWhatCannotBeCheckedGoesAsTheFailurePolicySays, edge+":TestACoreThatTrapsCostsOneAnswer")},
	{"core", "does not start, or is lost at any call", "Annotate: the client gets the upstream's bytes complete and unchanged.", by(TestWhateverBreaksOnOurSide, TestALossWithTheLastEventCostsNoByte)},
}

func by(tests ...any) []any { return tests }

var update = flag.Bool("update", false, "write FAULTS.md")

// TestFaultsAreDocumented: FAULTS.md is this table, and each of its tests exists.
func TestFaultsAreDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString("# What can fail, and what happens then\n\nMade from faults_test.go by `go test ./host/gateway -run TestFaultsAreDocumented -update`: change it there.\nEach row is tested through the handler that `finece serve` and the Worker serve. Annotate and withhold are\npolicies; open and closed are failure policies (`--failure`). Tests are those of host/gateway if no folder is named.\n")
	of := ""
	for _, f := range faults {
		if f.of != of {
			of = f.of
			fmt.Fprintf(&b, "\n## The %s\n\n| The %[1]s | What happens | Tests |\n| --- | --- | --- |\n", of)
		}
		names := []string{}
		for _, test := range f.tests {
			names = append(names, testName(t, test))
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", f.what, f.becomes, strings.Join(names, ", "))
	}
	const file = "FAULTS.md"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != b.String() {
		t.Errorf("%s is not what the table says (%v): run this test with -update", file, err)
	}
}

// testName is what a test is called in the documentation.
func testName(t *testing.T, test any) string {
	if f, ok := test.(func(*testing.T)); ok {
		name := runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()
		return "`" + name[strings.LastIndex(name, ".")+1:] + "`"
	}
	folder, name, _ := strings.Cut(test.(string), ":")
	files, err := os.ReadDir("../../" + folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		if source, err := os.ReadFile("../../" + folder + "/" + f.Name()); err == nil && strings.Contains(string(source), "func "+name+"(t *testing.T)") {
			return folder + " `" + name + "`"
		}
	}
	t.Errorf("there is no test %s in %s", name, folder)
	return name
}
