// Package problems makes word problems that take several steps of arithmetic,
// with their steps written out a paragraph each, from a seed. A small model that
// learns from them gets about half of them right, which is what the work on its
// confidence needs.
//
//	Mia buys 3 pens for 14 dollars each and 2 bags for 37 dollars each. She pays
//	with 150 dollars. How much change does she get?
//
//	The pens cost 3 * 14 = 42 dollars.
//
//	The bags cost 2 * 37 = 74 dollars.
//
//	Together that is 42 + 74 = 116 dollars.
//
//	The change is 150 - 116 = 34 dollars.
//
//	#### 34
//
// Problems of the [InDomain] are what a model is trained on and tested on. Those
// of [LongChains] take more steps than any of these in the same family, those of
// [OtherWording] say every second sentence in words that InDomain does not have. No
// question is in two [Pool]s, so what a model is tested on was never seen in any
// training. Two questions of different pools may still have the same family and the same
// chain of equations ([Problem.Chain]), with other names and things.
//
// Questions of [OpenEnded] have no one answer. Any 3 to 5 of the statements that
// are true are one, in any order; Problem.Statements are all of them, 300 or more
// of a question.
//
//	Write what can be calculated with 38, 120 or 51.
//
//	38 + 14 = 52
//
//	38 / 2 = 19
//
//	120 - 9 = 111
package problems
