// A bus with PZEM-004T modules at the addresses 1, 2 and 3, written from Peacefair's manual and not from the sketch.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <deque>

class SoftwareSerial {
 public:
  SoftwareSerial(uint8_t, uint8_t) {}
  void begin(long) {}
  int available() { return static_cast<int>(answer_.size()); }
  int read();
  size_t write(const uint8_t *bytes, size_t length);

 private:
  std::deque<uint8_t> answer_;
};
