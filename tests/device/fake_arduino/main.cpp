// Runs the sketch: `program TERMINAL EEPROM_FILE`, until it is killed. Each relay pin's level goes to stdout.
#include "Arduino.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "EEPROM.h"
#include "SoftwareSerial.h"

void setup();
void loop();

FakeSerial Serial;
FakeEeprom EEPROM;

unsigned long millis() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  static const time_t started = now.tv_sec;
  return static_cast<unsigned long>((now.tv_sec - started) * 1000 + now.tv_nsec / 1000000);
}

void pinMode(uint8_t, uint8_t) {}

void digitalWrite(uint8_t pin, uint8_t level) {
  printf("%u %s\n", pin, level == HIGH ? "HIGH" : "LOW");
  fflush(stdout);
}

// 0.5 A effective through an ACS712 of 5 A at 50 Hz, on the first pin; the others see nothing.
int analogRead(uint8_t pin) {
  usleep(100);
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  double volts = pin == A0 ? 0.5 * M_SQRT2 * 0.185 * sin(2 * M_PI * 50 * now.tv_nsec / 1e9) : 0;
  return static_cast<int>(lround((2.5 + volts) * 1024 / 5));
}

void FakeSerial::open(const char *path) { terminal_ = ::open(path, O_RDWR | O_NOCTTY); }

int FakeSerial::available() {
  pollfd waiting = {terminal_, POLLIN, 0};
  uint8_t bytes[64];  // as many as the Uno's own buffer holds
  if (came_.empty() && poll(&waiting, 1, 1) > 0) {
    ssize_t length = ::read(terminal_, bytes, sizeof bytes);
    if (length <= 0) exit(1);
    came_.insert(came_.end(), bytes, bytes + length);
  }
  return static_cast<int>(came_.size());
}

int FakeSerial::read() {
  int byte = came_.front();
  came_.pop_front();
  return byte;
}

void FakeSerial::println(const char *text) {
  if (dprintf(terminal_, "%s\r\n", text) < 0) exit(1);
}

void FakeEeprom::open(const char *path) {
  file_ = ::open(path, O_RDWR | O_CREAT, 0600);
  memset(bytes_, 0xFF, sizeof bytes_);  // as an EEPROM is when it is new
  if (::read(file_, bytes_, sizeof bytes_) < 0) exit(1);
}

void FakeEeprom::update(int index, uint8_t value) {
  if (bytes_[index] == value) return;
  bytes_[index] = value;
  if (pwrite(file_, bytes_, sizeof bytes_, 0) < 0) exit(1);
}

static uint16_t modbus_crc(const uint8_t *bytes, size_t length) {
  uint16_t crc = 0xFFFF;
  while (length--) {
    crc ^= *bytes++;
    for (int bit = 8; bit; bit--) {
      bool carry = crc & 1;
      crc >>= 1;
      if (carry) crc ^= 0xA001;
    }
  }
  return crc;
}

size_t SoftwareSerial::write(const uint8_t *bytes, size_t length) {
  // module n measures 230.1 V, 70.4 A and 16230.5 W: both 32-bit values need their high word
  static const uint8_t values[20] = {0x08, 0xFD, 0x13, 0x00, 0x00, 0x01, 0x7A, 0x01, 0x00, 0x02};
  bool is_request = length == 8 && bytes[1] == 4 && bytes[5] == 10 && modbus_crc(bytes, 8) == 0;
  if (!is_request || bytes[0] > 3) return length;
  uint8_t answer[25] = {bytes[0], 4, 20};
  memcpy(answer + 3, values, sizeof values);
  uint16_t crc = modbus_crc(answer, 23);
  answer[23] = crc & 0xFF;
  answer[24] = crc >> 8;
  answer_.insert(answer_.end(), answer, answer + sizeof answer);
  return length;
}

int SoftwareSerial::read() {
  int byte = answer_.front();
  answer_.pop_front();
  return byte;
}

int main(int, char **arguments) {
  Serial.open(arguments[1]);
  EEPROM.open(arguments[2]);
  for (setup();; loop()) {
  }
}
