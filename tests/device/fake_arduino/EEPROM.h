// A kilobyte that is written through to a file.
#pragma once

#include <stdint.h>

class FakeEeprom {
 public:
  void open(const char *path);
  uint8_t read(int index) { return bytes_[index]; }
  void update(int index, uint8_t value);

 private:
  int file_ = -1;
  uint8_t bytes_[1024];
};

extern FakeEeprom EEPROM;
