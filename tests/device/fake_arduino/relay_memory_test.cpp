// A power loss after every single write of a thousand switches: the states are those of before the switch or after it.
#include "../../../device/arduino/ghostwatt/relay_memory.h"

#include <stdio.h>
#include <stdlib.h>

#include <initializer_list>

struct PowerLoss {};

struct Cells {
  uint8_t read(int index) { return bytes[index]; }
  void update(int index, uint8_t value) {
    if (left-- == 0) throw PowerLoss();
    if (bytes[index] != value) writes[index]++;
    bytes[index] = value;
  }

  uint8_t bytes[192];
  long writes[192] = {};
  long left = -1;
};

static void expect(bool holds, const char *what) {
  if (holds) return;
  printf("%s\n", what);
  exit(1);
}

int main() {
  for (int blank : {0xFF, 0x00}) {
    Cells cells;
    for (uint8_t &byte : cells.bytes) byte = blank;
    expect(RelayMemory<Cells>(cells).recall() == 0, "a new memory has all relays on");
    uint8_t states = 0;
    for (int turn = 0; turn < 1000; turn++) {
      uint8_t wanted = rand() & 15;
      for (long loss = 0; loss < 4; loss++) {
        Cells torn = cells;
        RelayMemory<Cells> memory(torn);
        memory.recall();
        torn.left = loss;
        try {
          memory.keep(wanted);
        } catch (PowerLoss) {
        }
        torn.left = -1;
        RelayMemory<Cells> after(torn);
        uint8_t kept = after.recall();
        expect(kept == states || kept == wanted, "after a power loss it is one of the two");
        after.keep(wanted);
        expect(RelayMemory<Cells>(torn).recall() == wanted, "and a switch after it is kept");
      }
      RelayMemory<Cells> memory(cells);
      memory.recall();
      memory.keep(wanted);
      states = wanted;
      expect(RelayMemory<Cells>(cells).recall() == states, "the last states are kept");
    }
    long most = 0;
    for (long count : cells.writes) most = count > most ? count : most;
    expect(most < 2 * 1000 / 64 + 4, "no cell is written much more than another");
  }
}
