// The relays' states, kept over a reset and a power loss.
//
// An EEPROM cell bears 100,000 writes, so the states go round a ring of 64 slots, and only when they change: at a
// hundred switches a day it lasts for 80 years. A slot holds a sequence number, the states (a bit an outlet, 1 is cut)
// and a check of both; it is valid only when its last byte is written, so a power loss amid a write leaves the state
// of before.
#pragma once

#include <stdint.h>

template <class Memory>
class RelayMemory {
 public:
  explicit RelayMemory(Memory &memory) : memory_(memory) {}

  // The states kept last; 0, all on, if there are none.
  uint8_t recall() {
    for (uint8_t slot = 0; slot < SLOTS; slot++) {
      uint8_t next = (slot + 1) % SLOTS;
      if (!is_valid(slot) || (is_valid(next) && sequence(next) == static_cast<uint8_t>(sequence(slot) + 1))) continue;
      slot_ = slot;
      sequence_ = sequence(slot);
      states_ = memory_.read(slot * SIZE + 1);
      break;
    }
    return states_;
  }

  void keep(uint8_t states) {
    if (states == states_) return;
    slot_ = (slot_ + 1) % SLOTS;
    sequence_++;
    states_ = states;
    memory_.update(slot_ * SIZE + 2, invalid_meanwhile());
    memory_.update(slot_ * SIZE, sequence_);
    memory_.update(slot_ * SIZE + 1, states);
    memory_.update(slot_ * SIZE + 2, check(sequence_, states));
  }

 private:
  static const uint8_t SLOTS = 64, SIZE = 3;

  static uint8_t check(uint8_t sequence, uint8_t states) { return static_cast<uint8_t>(0x5A ^ sequence ^ (states * 29)); }
  // A check that fits the slot neither as it is now nor with the new sequence number and the old states.
  uint8_t invalid_meanwhile() {
    uint8_t old_states = memory_.read(slot_ * SIZE + 1), value = 0;
    while (value == check(sequence(slot_), old_states) || value == check(sequence_, old_states)) value++;
    return value;
  }
  uint8_t sequence(uint8_t slot) { return memory_.read(slot * SIZE); }
  bool is_valid(uint8_t slot) {
    return memory_.read(slot * SIZE + 2) == check(sequence(slot), memory_.read(slot * SIZE + 1));
  }

  Memory &memory_;
  uint8_t slot_ = SLOTS - 1, sequence_ = 0, states_ = 0;
};
