// The lines between Arduino and Pi. Plain C++ without Arduino's library, so that it can be tried on a PC.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const size_t MAX_LINE = 96;

struct Reading {
  uint16_t decivolts;
  uint32_t milliamps;
  uint32_t deciwatts;
};

struct Command {
  uint8_t port;
  bool on;
};

// CRC-16/MODBUS: polynomial 0x8005 reflected, start 0xFFFF.
inline uint16_t crc16(const uint8_t *data, size_t length) {
  uint16_t crc = 0xFFFF;
  for (size_t i = 0; i < length; i++) {
    crc ^= data[i];
    for (uint8_t bit = 0; bit < 8; bit++) crc = (crc & 1) ? (crc >> 1) ^ 0xA001 : crc >> 1;
  }
  return crc;
}

// Ends a line that was begun in `line`: the checksum of all before its comma, and the brace.
inline void seal(char *line) {
  size_t length = strlen(line);
  uint16_t crc = crc16(reinterpret_cast<const uint8_t *>(line), length);
  snprintf(line + length, MAX_LINE - length, ",\"crc\":%u}", crc);
}

inline void write_reading(char *line, uint8_t port, const Reading &r) {
  snprintf(line, MAX_LINE, "{\"port\":%u,\"voltage\":%u.%u,\"current\":%lu.%03u,\"power\":%lu.%u", port,
           r.decivolts / 10, r.decivolts % 10, static_cast<unsigned long>(r.milliamps / 1000),
           static_cast<unsigned>(r.milliamps % 1000), static_cast<unsigned long>(r.deciwatts / 10),
           static_cast<unsigned>(r.deciwatts % 10));
  seal(line);
}

inline void write_error(char *line, uint8_t port) {
  snprintf(line, MAX_LINE, "{\"port\":%u,\"error\":\"no_answer\"", port);
  seal(line);
}

inline void write_acknowledgement(char *line, const Command &command, bool done) {
  snprintf(line, MAX_LINE, "{\"port\":%u,\"relay\":\"%s\",\"ok\":%s", command.port, command.on ? "on" : "off",
           done ? "true" : "false");
  seal(line);
}

inline void write_hello(char *line) {
  strcpy(line, "{\"hello\":\"ghostwatt\"");
  seal(line);
}

// What follows `"name":` in the line, blanks skipped; nullptr if the line has no such field.
inline const char *field(const char *line, const char *name) {
  const char *found = strstr(line, name);
  if (!found) return nullptr;
  found += strlen(name);
  while (*found == ' ' || *found == ':') found++;
  return found;
}

// Whether the line's checksum is right. A line without one passes: the Pi adds it once it has seen ours.
inline bool is_intact(const char *line) {
  const char *value = field(line, "\"crc\"");
  if (!value) return true;
  const char *end = strstr(line, "\"crc\"");
  while (end > line && *end != ',') end--;
  return strtoul(value, nullptr, 10) == crc16(reinterpret_cast<const uint8_t *>(line), end - line);
}

// {"port": 2, "relay": "off"}, perhaps with a checksum. False if the line is anything else.
inline bool parse_command(const char *line, Command &command) {
  size_t length = strlen(line);
  if (length < 2 || line[0] != '{' || line[length - 1] != '}' || !is_intact(line)) return false;
  const char *port = field(line, "\"port\"");
  const char *relay = field(line, "\"relay\"");
  if (!port || !relay) return false;
  char *end;
  unsigned long number = strtoul(port, &end, 10);
  bool on = strncmp(relay, "\"on\"", 4) == 0;
  if (end == port || number > 255 || !(on || strncmp(relay, "\"off\"", 5) == 0)) return false;
  command.port = static_cast<uint8_t>(number);
  command.on = on;
  return true;
}

// Gathers a line byte by byte. One that is too long is dropped as a whole.
class LineBuffer {
 public:
  // True when this byte ended a line, which `text` holds until the next byte comes.
  bool add(char byte) {
    if (ended_) start_again();
    if (byte == '\r') return false;
    if (byte != '\n') {
      if (length_ < MAX_LINE - 1) text[length_++] = byte;
      else too_long_ = true;
      return false;
    }
    text[length_] = 0;
    ended_ = true;
    return !too_long_ && length_ > 0;
  }

  char text[MAX_LINE];

 private:
  void start_again() {
    length_ = 0;
    too_long_ = ended_ = false;
  }

  size_t length_ = 0;
  bool too_long_ = false;
  bool ended_ = false;
};
