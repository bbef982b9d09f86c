// As much of Arduino's core as the sketch needs, on a PC: Serial is a terminal, the EEPROM a file, pins are numbers.
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <deque>

enum { LOW = 0, HIGH = 1, INPUT = 0, OUTPUT = 1, A0 = 14, A1, A2, A3 };

unsigned long millis();
void pinMode(uint8_t pin, uint8_t mode);
void digitalWrite(uint8_t pin, uint8_t level);
int analogRead(uint8_t pin);

class FakeSerial {
 public:
  void open(const char *path);
  void begin(unsigned long) {}
  int available();
  int read();
  void println(const char *text);

 private:
  int terminal_ = -1;
  std::deque<uint8_t> came_;
};

extern FakeSerial Serial;
