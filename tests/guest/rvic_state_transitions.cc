// irqchip: rvic
// only: trapeze
#include "rvic.h"

using namespace guest;

namespace {

struct State {
    bool pending;
    bool masked;
};

constexpr State kStates[] = {{false, false}, {true, false}, {false, true}, {true, true}};

void enter(u32 intid, State state) {
    EXPECT_EQ(state.pending ? rvic::signal(0, intid) : rvic::clear_pending(0, intid), rvic::kSuccess);
    EXPECT_EQ(state.masked ? rvic::mask(0, intid) : rvic::unmask(0, intid), rvic::kSuccess);
}

// There is no call that tells the mask. Whether the interrupt is signalled once it is pending does.
void expect_state(u32 intid, State expected) {
    EXPECT_EQ_AT(intid, rvic::is_pending(0, intid), expected.pending);
    EXPECT_EQ_AT(intid, irq_signalled(), expected.pending && !expected.masked);
    EXPECT_EQ(rvic::signal(0, intid), rvic::kSuccess);
    EXPECT_EQ_AT(intid, irq_signalled(), !expected.masked);
}

template <typename Operation>
void check(u32 intid, Operation operation, const State (&expected)[4]) {
    for (unsigned i = 0; i < 4; ++i) {
        enter(intid, kStates[i]);
        operation(i);
        expect_state(intid, expected[i]);
    }
    enter(intid, {false, true});
}

}  // namespace

// DEN0103, the state machine of an interrupt: each operation in each of the four states.
TEST(rvic_state_transitions) {
    EXPECT_EQ(rvic::enable(), rvic::kSuccess);
    constexpr u32 kIntids[] = {0, 15, 16, 31, 32, 100, rvic::kTotal - 1};
    for (const u32 intid : kIntids) {
        check(intid, [&](unsigned) { rvic::signal(0, intid); },
              {{true, false}, {true, false}, {true, true}, {true, true}});
        check(intid, [&](unsigned) { rvic::clear_pending(0, intid); },
              {{false, false}, {false, false}, {false, true}, {false, true}});
        check(intid, [&](unsigned) { rvic::mask(0, intid); },
              {{false, true}, {true, true}, {false, true}, {true, true}});
        check(intid, [&](unsigned) { rvic::unmask(0, intid); },
              {{false, false}, {true, false}, {false, false}, {true, false}});
        check(intid, [&](unsigned i) { EXPECT_EQ(rvic::acknowledge(), i == 1 ? intid : rvic::kNone); },
              {{false, false}, {false, true}, {false, true}, {true, true}});
        check(intid,
              [&](unsigned) {
                  EXPECT_EQ(rvic::disable(), rvic::kSuccess);
                  EXPECT(!irq_signalled());
                  EXPECT_EQ(rvic::enable(), rvic::kSuccess);
              },
              {{false, false}, {true, false}, {false, true}, {true, true}});
    }
    EXPECT_EQ(rvic::acknowledge(), rvic::kNone);
}
