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

// fault is a row of the table of faults: what may fail, what comes of it, and the tests that
// make it fail. A test is one of this package, or "folder:Name".
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
	{"model", "refuses connections", "Annotate: the text passes at once; the stream's log-probabilities stand in, else the positions are unavailable (`unreachable`). Withhold: the failure policy decides.", by(TestWhateverTheModelDoes, TestLogprobsStandInForAModelThatIsGone)},
	{"model", "takes 200 ms", "The text does not wait. The end of the answer waits for p(z), for `settle` at most.", by(TestASlowModelIsWaitedForAtTheEnd, TestTextWaitsForAConfidenceModelOnlyUnderWithhold)},
	{"model", "takes 10 s", "The end waits for `settle`; p(z) is that of the log-probabilities, else unavailable (`timeout`). After several such answers the model is not asked and none waits, until it answers a probe in time.", by(TestAnAnswersEndWaitsForOneSecond, TestAnswersDoNotWaitForADeadModel)},
	{"model", "says 429 or 500", "As refused connections, with `endpoint-error`.", by(TestWhateverTheModelDoes, TestHammer)},
	{"model", "sends no number", "As refused connections, with `bad-reply`.", by(TestWhateverTheModelDoes)},
	{"model", "hangs, also in the middle of a reply", "As 10 s. Withhold: `max_delay` is the limit, and the failure policy decides.", by(TestWhateverTheModelDoes)},
	{"model", "fails, is late or is no probability at p(0), which the gate (`skip_above`) waits for", "The answer is scored, and handled as without a gate.", by(TestAnAnswerIsScoredIfTheQuestionIsNot, TestNothingIsAskedBeforeTheQuestion)},

	{"upstream", "refuses connections, or is silent before its headers", "502 or 504, with a code.", by(TestAnUpstreamThatIsNotThere)},
	{"upstream", "drops the connection in a stream, or falls silent in it", "The client gets every byte that came, then the records, and sees that the stream broke off. Withhold closed: text that is not clear is not sent.", by(TestAStreamThatFailsInTheMiddle, edge+":TestAStreamThatBreaksOffIsNotFinished")},
	{"upstream", "reports an error in a stream, in any of five shapes", "It passes, and nothing is added after it. Withhold closed: the text before it that is not clear is not sent.", by(TestAnErrorInEachShape, TestErrorsOfMessages, TestAStreamThatFailsInTheMiddle)},
	{"upstream", "sends a JSON error with status 200", "It passes as it is, marked as unchecked; closed: 502.", by(TestAnErrorInsteadOfAStream, TestPlainAnswersOfAnotherShapeAreUnchecked)},
	{"upstream", "compresses its answer", "Scored routes ask for `identity`. gzip is unpacked all the same; br and zstd are marked as unchecked (`encoding`), closed: 502.", by(TestAPackedStreamIsUnpacked)},
	{"upstream", "speaks HTTP/2", "Streams, torn streams and disconnects are as over HTTP/1.1.", by(TestHTTP2OnBothSides)},
	{"upstream", "sends 40 MB in one event", "It passes in parts while it comes. Withhold closed: the answer ends before it.", by(TestFortyMegabytesInOneEvent, TestWhatTheSessionCannotReadIsUnchecked)},
	{"upstream", "sends bytes after `[DONE]`", "They pass. Withhold: only if the policy is open and nothing was withheld.", by(TestBytesAfterTheEndPass, TestWhatFollowsTheEndUnderWithhold)},
	{"upstream", "answers before it has read the request", "On routes that are not scored, the answer is complete (full duplex).", by(TestAnEarlyAnswerArrivesWhole)},
	{"upstream", "refuses log-probabilities", "It is asked again without them. For ten minutes, that model is then asked without them at once.", by(TestAnUpstreamThatRefusesLogprobsGetsTheClientsRequest, TestARefusalOfLogprobsIsRemembered)},
	{"upstream", "fails, or is slow, when it is asked for continuations (`width` over 1)", "No more are sampled for the answer, and the fusion uses those that have come. The end of the answer waits for `settle` at most; that is no failure of the confidence model.", by(TestContinuationsThatAreMissing, TestAnEndDoesNotWaitForContinuations)},
	{"upstream", "gives no answer of the other model of escalate", "Open: the first answer is sent, and continues if its text is out; closed: 502, or it ends where it is. An answer that breaks off after text that it replaces or continues breaks the stream off. A model that does not continue an answer is asked anew first.", by(TestPoliciesThatAskForSeveralAnswersSendOne, TestWhatAReplacementNeeds, TestAReplacementThatBreaksOff, TestAModelThatDoesNotContinueIsAskedAnew)},

	{"client", "expects `100-continue`", "It gets it, and its answer. The header is not sent on with scored routes.", by(TestAClientThatExpectsContinue, edge+":TestAClientThatExpectsContinue")},
	{"client", "disconnects", "The requests to the upstream and to the model are cancelled.", by(TestAClientThatLeavesCancelsTheUpstream, TestHTTP2OnBothSides, edge+":TestEventsPassThroughTheWorkerOneByOne")},
	{"client", "reads slowly", "The upstream is read no further than the client reads, plus two pieces (and `max_held` under withhold). After `write_timeout` the client is dropped.", by(TestASlowReaderBoundsWhatIsRead, TestASlowReaderIsDropped)},
	{"client", "sends slowly", "408 after `request_timeout`.", by(TestASlowRequestEnds)},
	{"client", "takes no bytes of an HTTP/2 connection", "The connection is closed after `write_timeout`.", by(server + ":TestSlowHTTP2ConnectionsEnd")},
	{"client", "sends a question of more than 5.9 MB", "It is scored up to `max_request` (a confidence model: 1 MiB). Above that it passes, marked as unchecked; closed: refused.", by(TestALongQuestion)},
	{"client", "asks for n=2, and one choice is low", "That choice ends alone.", by(TestOneLowChoiceEndsAlone)},

	{"gateway", "gets SIGTERM", "It takes no new requests; streams under way end within `grace`.", by(serve+":TestServeStopsGracefully", serve+":TestAStreamUnderWayEndsAfterTheServerWasStopped")},
	{"gateway", "gets SIGKILL", "Streams under way are torn for clients and upstreams; a new server serves at once.", by(serve + ":TestAKilledServerTearsItsStreams")},
	{"gateway", "gets SIGHUP", "Answers under way end as they began; new ones have the new settings. If anything in the file is wrong, that is logged and the earlier settings hold.", by(serve + ":TestServeReadsItsFileAgain")},
	{"gateway", "finds a TLS certificate that it cannot use", "The earlier one stays, and that is logged.", by(server + ":TestACertificateIsReadAgainWhenItChanges")},
	{"gateway", "panics in a request", "That request ends alone.", by(TestAPanicEndsOneRequestAlone)},
	{"core", "traps", "That stream passes unscored from there on, and says so (`core-lost`); closed: it ends. Others are scored.", by(TestALostCoreCostsNoByte, TestWhatCannotBeCheckedGoesAsTheFailurePolicySays, edge+":TestACoreThatTrapsCostsOneAnswer")},
	{"core", "does not start, or is lost at any call", "Annotate: the client gets the upstream's bytes complete and unchanged.", by(TestWhateverBreaksOnOurSide, TestALossWithTheLastEventCostsNoByte)},
}

func by(tests ...any) []any { return tests }

var update = flag.Bool("update", false, "write FAULTS.md")

// TestFaultsAreDocumented: FAULTS.md is this table, and each of its tests exists.
func TestFaultsAreDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString("# What fails, and what comes of it\n\nMade from faults_test.go by `go test ./host/gateway -run TestFaultsAreDocumented -update`: change it there.\nEach row is tested through the handler that `finece serve` and the Worker serve. Annotate and withhold are\npolicies; open and closed are failure policies (`--failure`). Tests are those of host/gateway if no folder is named.\n")
	of := ""
	for _, f := range faults {
		if f.of != of {
			of = f.of
			fmt.Fprintf(&b, "\n## The %s\n\n| The %[1]s | What comes of it | Tests |\n| --- | --- | --- |\n", of)
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
