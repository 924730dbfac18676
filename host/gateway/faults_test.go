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

// fault is a row of the table of faults: the fault, its effect, and the tests that cause the
// fault. A test is one of this package, or "folder:Name".
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
	{"model", "refuses connections", "Annotate: the text passes at once. The confidences come from the stream's log-probabilities instead; without them the positions are unavailable (`unreachable`). Withhold: the failure policy decides.", by(TestWhateverTheModelDoes, TestLogprobsStandInForAModelThatIsGone)},
	{"model", "takes 200 ms to reply", "The text does not wait. The end of the answer waits at most `settle` for p(z).", by(TestASlowModelIsWaitedForAtTheEnd, TestTextWaitsForAConfidenceModelOnlyUnderWithhold)},
	{"model", "takes 10 s to reply", "The end of the answer waits for `settle`. Then p(z) comes from the log-probabilities; without them it is unavailable (`timeout`). After several such answers, the gateway stops asking the model and no answer waits, until the model answers a probe in time.", by(TestAnAnswersEndWaitsForOneSecond, TestAnswersDoNotWaitForADeadModel)},
	{"model", "replies with status 429 or 500", "The same as for refused connections, with the reason `endpoint-error`.", by(TestWhateverTheModelDoes, TestHammer)},
	{"model", "replies without a number", "The same as for refused connections, with the reason `bad-reply`.", by(TestWhateverTheModelDoes)},
	{"model", "hangs, also in the middle of a reply", "The same as for a reply after 10 s. Withhold: after `max_delay` the failure policy decides.", by(TestWhateverTheModelDoes)},
	{"model", "fails, is late or gives no probability for p(0), while the gate (`skip_above`) waits for p(0)", "The answer is scored and treated as without a gate.", by(TestAnAnswerIsScoredIfTheQuestionIsNot, TestNothingIsAskedBeforeTheQuestion)},

	{"upstream", "refuses connections, or is silent before its headers", "The client gets status 502 or 504, with an error code.", by(TestAnUpstreamThatIsNotThere)},
	{"upstream", "closes a kept connection before the first byte of an answer", "On scored routes, the gateway sends the request again on another connection.", by(TestAKeptConnectionThatCloses)},
	{"upstream", "drops the connection within a stream, or stops sending", "The client gets every byte that arrived, then the records, and sees that the stream broke off. Withhold with closed: held text is not sent.", by(TestAStreamThatFailsInTheMiddle, edge+":TestAStreamThatBreaksOffIsNotFinished")},
	{"upstream", "reports an error within a stream, in any of five forms", "The error passes, and nothing is added after it. Withhold with closed: text that was held before the error is not sent.", by(TestAnErrorInEachShape, TestErrorsOfMessages, TestAStreamThatFailsInTheMiddle)},
	{"upstream", "sends a JSON error with status 200", "The error passes unchanged, marked as unchecked. Closed: the client gets status 502.", by(TestAnErrorInsteadOfAStream, TestPlainAnswersOfAnotherShapeAreUnchecked)},
	{"upstream", "compresses its answer", "On scored routes, the gateway asks for the encoding `identity`. If the answer still comes as gzip, it is unpacked. An answer in br or zstd passes, marked as unchecked (`encoding`). Closed: the client gets status 502.", by(TestAPackedStreamIsUnpacked)},
	{"upstream", "speaks HTTP/2", "Complete streams, streams that break off, and disconnects of clients have the same effect as over HTTP/1.1.", by(TestHTTP2OnBothSides)},
	{"upstream", "sends 40 MB in one event", "The event passes in parts as it arrives. Withhold with closed: the answer ends before the event.", by(TestFortyMegabytesInOneEvent, TestWhatTheSessionCannotReadIsUnchecked)},
	{"upstream", "sends bytes after `[DONE]`", "The bytes pass. Withhold: they pass only if the failure policy is open and nothing was withheld.", by(TestBytesAfterTheEndPass, TestWhatFollowsTheEndUnderWithhold)},
	{"upstream", "answers before it has read the request", "On routes that are not scored, the client gets the complete answer (full duplex).", by(TestAnEarlyAnswerArrivesWhole)},
	{"upstream", "refuses log-probabilities", "The gateway repeats the request without asking for them. For ten minutes it does not ask for them in requests for that model.", by(TestAnUpstreamThatRefusesLogprobsGetsTheClientsRequest, TestARefusalOfLogprobsIsRemembered)},
	{"upstream", "fails, or is slow, when it is asked for continuations (`width` over 1)", "The gateway samples no more continuations for this answer, and the fusion uses those that it has. The end of the answer waits at most `settle`. This does not count as a failure of the confidence model.", by(TestContinuationsThatAreMissing, TestAnEndDoesNotWaitForContinuations)},
	{"upstream", "gives no answer from the other model of escalate", "Open: the first answer is sent; if it was being sent already, it continues. Closed: the client gets status 502; if the answer was being sent already, it ends there. If the other model's answer breaks off, the stream breaks off. A model that cannot continue an answer is first asked for a new one.", by(TestPoliciesThatAskForSeveralAnswersSendOne, TestWhatAReplacementNeeds, TestAReplacementThatBreaksOff, TestAModelThatDoesNotContinueIsAskedAnew)},

	{"client", "expects `100-continue`", "The client gets `100 Continue`, and then its answer. On scored routes, the header is not forwarded.", by(TestAClientThatExpectsContinue, edge+":TestAClientThatExpectsContinue")},
	{"client", "disconnects", "The gateway cancels its requests to the upstream and to the model.", by(TestAClientThatLeavesCancelsTheUpstream, TestHTTP2OnBothSides, edge+":TestEventsPassThroughTheWorkerOneByOne")},
	{"client", "reads slowly", "The gateway reads the upstream at the client's pace, at most two pieces ahead (withhold: at most `max_held` more). If the client takes nothing for `write_timeout`, the gateway closes its connection.", by(TestASlowReaderBoundsWhatIsRead, TestASlowReaderIsDropped)},
	{"client", "sends slowly", "The client gets status 408 after `request_timeout`.", by(TestASlowRequestEnds)},
	{"client", "takes no bytes of an HTTP/2 connection", "The connection is closed after `write_timeout`.", by(server + ":TestSlowHTTP2ConnectionsEnd")},
	{"client", "sends a question of more than 5.9 MB", "The answer is scored if the request is at most `max_request` (with a confidence model: if the question is at most 1 MiB). Otherwise the answer passes, marked as unchecked. Closed: the request is refused.", by(TestALongQuestion)},
	{"client", "asks for n=2, and one choice has a low confidence", "Only that choice ends.", by(TestOneLowChoiceEndsAlone)},

	{"gateway", "gets SIGTERM", "The gateway accepts no new requests. Streams under way may continue for `grace`.", by(serve+":TestServeStopsGracefully", serve+":TestAStreamUnderWayEndsAfterTheServerWasStopped")},
	{"gateway", "gets SIGKILL", "Streams under way break off for clients and upstreams. A new server can serve at once.", by(serve + ":TestAKilledServerTearsItsStreams")},
	{"gateway", "gets SIGHUP", "The gateway reads its file of settings again. New answers have the new settings, and answers under way keep the old ones. If something in the file is wrong, this is logged and the old settings stay.", by(serve + ":TestServeReadsItsFileAgain")},
	{"gateway", "finds a TLS certificate that it cannot use", "The earlier certificate stays, and this is logged.", by(server + ":TestACertificateIsReadAgainWhenItChanges")},
	{"gateway", "panics in a request", "Only that request ends.", by(TestAPanicEndsOneRequestAlone)},
	{"core", "traps", "The rest of that stream passes without scores, and a record says so (`core-lost`). Closed: the stream ends. Other streams are scored.", by(TestALostCoreCostsNoByte, TestWhatCannotBeCheckedGoesAsTheFailurePolicySays, edge+":TestACoreThatTrapsCostsOneAnswer")},
	{"core", "does not start, or fails at any call", "Annotate: the client gets all bytes of the upstream unchanged.", by(TestWhateverBreaksOnOurSide, TestALossWithTheLastEventCostsNoByte)},
}

func by(tests ...any) []any { return tests }

var update = flag.Bool("update", false, "write FAULTS.md")

// TestFaultsAreDocumented: FAULTS.md is this table, and each of its tests exists.
func TestFaultsAreDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Faults and their effects\n\nGenerated from faults_test.go by `go test ./host/gateway -run TestFaultsAreDocumented -update`; make changes there.\nEach row has tests that use the handler of `finece serve` and of the Worker. Annotate and withhold are policies; open and\nclosed are failure policies (`--failure`). \"The model\" is the confidence model. A test without a folder is in host/gateway.\n")
	of := ""
	for _, f := range faults {
		if f.of != of {
			of = f.of
			fmt.Fprintf(&b, "\n## The %s\n\n| The %[1]s | Effect | Tests |\n| --- | --- | --- |\n", of)
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
