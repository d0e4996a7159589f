// The states of an event and what each call does in each of them, against a list of its own (DEN0054C "Event
// handler states"; the names of the states are those of SDEI_EVENT_STATUS' bits).
#include "sdei_fixture.h"

namespace trapeze::firmware::test {
namespace {

enum Call { Register, Enable, Disable, Unregister, Route, Release, Context, Complete };
constexpr const char* kCallNames[] = {"register", "enable",  "disable", "unregister",
                                      "route",    "release", "context", "complete"};

// R: registered, E: enabled, X: running.
constexpr s64 None = 0, R = 1, RE = 3, X = 4, XR = 5, XRE = 7;
constexpr s64 kGoes = 1;  // the call does what it is for

struct Step {
    s64 state;
    Call call;
    s64 result;
    s64 next;
};
constexpr Step kSteps[] = {
    {None, Register, kGoes, R},     {None, Enable, kDenied, None},
    {None, Disable, kDenied, None}, {None, Unregister, kDenied, None},
    {None, Route, kDenied, None},   {None, Release, kGoes, None},
    {None, Context, kDenied, None}, {None, Complete, kDenied, None},

    {R, Register, kDenied, R},      {R, Enable, kGoes, RE},
    {R, Disable, kGoes, R},         {R, Unregister, kGoes, None},
    {R, Route, kGoes, R},           {R, Release, kDenied, R},
    {R, Context, kDenied, R},       {R, Complete, kDenied, R},

    {RE, Register, kDenied, RE},    {RE, Enable, kGoes, RE},
    {RE, Disable, kGoes, R},        {RE, Unregister, kGoes, None},
    {RE, Route, kDenied, RE},       {RE, Release, kDenied, RE},
    {RE, Context, kDenied, RE},     {RE, Complete, kDenied, RE},

    {XRE, Register, kDenied, XRE},  {XRE, Enable, kGoes, XRE},
    {XRE, Disable, kGoes, XR},      {XRE, Unregister, kPending, X},
    {XRE, Route, kDenied, XRE},     {XRE, Release, kDenied, XRE},
    {XRE, Context, kGoes, XRE},     {XRE, Complete, kGoes, RE},

    {XR, Register, kDenied, XR},    {XR, Enable, kGoes, XRE},
    {XR, Disable, kGoes, XR},       {XR, Unregister, kPending, X},
    {XR, Route, kDenied, XR},       {XR, Release, kDenied, XR},
    {XR, Context, kGoes, XR},       {XR, Complete, kGoes, R},

    {X, Register, kDenied, X},      {X, Enable, kDenied, X},
    {X, Disable, kDenied, X},       {X, Unregister, kPending, X},
    {X, Route, kDenied, X},         {X, Release, kDenied, X},
    {X, Context, kGoes, X},         {X, Complete, kGoes, None},
};
static_assert(std::size(kSteps) == 6 * 8);

// An event of each kind.
enum Kind { PrivateNormal, PrivateCritical, SharedNormal, SharedCritical, BoundPrivate, BoundShared };

// A machine in which one event of this kind is brought to a state.
class SdeiStateBench {
protected:
    explicit SdeiStateBench(Kind kind) : kind_(kind) {
        b_.unmask();
        switch (kind) {
            case PrivateNormal: event_ = kNmi; break;
            case PrivateCritical: event_ = kPrivateCritical; break;
            case SharedNormal: event_ = kShared; break;
            case SharedCritical: event_ = kSharedCritical; break;
            case BoundPrivate: event_ = b_.bound(kPpi); break;
            case BoundShared: event_ = b_.bound(kSpi); break;
        }
    }
    bool is_shared() const { return b_.sdei.is_shared(event_); }
    bool is_bound() const { return kind_ == BoundPrivate || kind_ == BoundShared; }

    // By the shortest way.
    void bring_to(s64 state) {
        if (state == None) return;
        ASSERT_EQ(b_.enroll(event_), kOk);
        if (state == R) return;
        ASSERT_EQ(b_.enable(event_), kOk);
        if (state == RE) return;
        b_.raise(event_);
        ASSERT_EQ(b_.deliver(), event_);
        if (state == XR) {
            ASSERT_EQ(b_.disable(event_), kOk);
        }
        if (state == X) {
            ASSERT_EQ(b_.unregister(event_), kPending);
        }
    }
    // kGoes or the error.
    s64 make(Call call) {
        const auto went = [](s64 x0) { return x0 >= 0 ? kGoes : x0; };
        switch (call) {
            case Register: return went(b_.enroll(event_));
            case Enable: return went(b_.enable(event_));
            case Disable: return went(b_.disable(event_));
            case Unregister: return went(b_.unregister(event_));
            case Route: return went(b_.route(event_, 1, b_.mpidr(0)));
            case Release: return went(b_.release(event_));
            case Context: return went(b_.context(5));
            default: break;
        }
        const trap::Outcome outcome = b_.outcome(0, s::SDEI_EVENT_COMPLETE, {0});
        if (std::holds_alternative<trap::Redirect>(outcome)) return kGoes;
        return static_cast<s64>(std::get<trap::CallResult>(outcome).x[0]);
    }
    s64 expected(const Step& step) const {
        // Not calls for this kind of event at all.
        if (step.call == Route && !is_shared()) return kInvalid;
        if (step.call == Release && !is_bound()) return kInvalid;
        return step.result;
    }

    const Kind kind_;
    SdeiBench b_{2};
    u32 event_ = 0;
};

class SdeiTable : public testing::TestWithParam<std::tuple<Kind, Step>>, protected SdeiStateBench {
protected:
    SdeiTable() : SdeiStateBench(std::get<0>(GetParam())) {}
};

TEST_P(SdeiTable, EachCallDoesInEachStateWhatTheListSays) {
    const Step& step = std::get<1>(GetParam());
    ASSERT_NO_FATAL_FAILURE(bring_to(step.state));
    ASSERT_EQ(b_.status(event_), step.state);
    EXPECT_EQ(make(step.call), expected(step));
    EXPECT_EQ(b_.status(event_), step.next);
}

constexpr Kind kKinds[] = {PrivateNormal,  PrivateCritical, SharedNormal,
                           SharedCritical, BoundPrivate,    BoundShared};
constexpr const char* kKindNames[] = {"PrivateNormal",  "PrivateCritical", "SharedNormal",
                                      "SharedCritical", "BoundPrivate",    "BoundShared"};

std::string row_name(const testing::TestParamInfo<std::tuple<Kind, Step>>& row) {
    const auto& [kind, step] = row.param;
    return std::string(kKindNames[kind]) + "_" + std::to_string(step.state) + "_" + kCallNames[step.call];
}
std::string kind_name(const testing::TestParamInfo<Kind>& kind) {
    return kKindNames[kind.param];
}

INSTANTIATE_TEST_SUITE_P(All, SdeiTable,
                         testing::Combine(testing::ValuesIn(kKinds), testing::ValuesIn(kSteps)), row_name);

class SdeiStates : public testing::TestWithParam<Kind>, protected SdeiStateBench {
protected:
    SdeiStates() : SdeiStateBench(GetParam()) {}
};

TEST_P(SdeiStates, OfAnEventThatNobodyRegisteredIsNone) {
    EXPECT_EQ(b_.status(event_), None);
}

TEST_P(SdeiStates, APrivateEventHasOnePerPeASharedOneIsTheMachines) {
    ASSERT_NO_FATAL_FAILURE(bring_to(XR));
    EXPECT_EQ(b_.status(event_, 0), XR);
    EXPECT_EQ(b_.status(event_, 1), is_shared() ? XR : None);
}

TEST_P(SdeiStates, ASharedHandlerThatRunsIsNotTheOtherPesToComplete) {
    ASSERT_NO_FATAL_FAILURE(bring_to(XRE));
    EXPECT_EQ(b_.call(1, s::SDEI_EVENT_COMPLETE, {0}), kDenied);
    EXPECT_EQ(b_.call(1, s::SDEI_EVENT_UNREGISTER, {event_}), is_shared() ? kPending : kDenied);
    EXPECT_EQ(b_.status(event_), is_shared() ? X : XRE);
}

INSTANTIATE_TEST_SUITE_P(All, SdeiStates, testing::ValuesIn(kKinds), kind_name);

}  // namespace
}  // namespace trapeze::firmware::test
