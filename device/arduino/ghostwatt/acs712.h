// ACS712: the current from the spread of many samples. Their mean, half of the supply, falls out by itself.
#pragma once

#include <math.h>

#include "protocol.h"

// The effective value of samples of 0 to 1023 around their mean.
class Spread {
 public:
  void add(uint16_t sample) {
    samples_++;
    sum_ += sample;
    squares_ += static_cast<uint32_t>(sample) * sample;
  }

  float counts() const {
    if (samples_ == 0) return 0;
    // sum and squares are exact; the difference of two large floats would not be
    uint64_t spread = static_cast<uint64_t>(squares_) * samples_ - static_cast<uint64_t>(sum_) * sum_;
    return sqrt(static_cast<float>(spread)) / samples_;
  }

 private:
  uint32_t samples_ = 0, sum_ = 0, squares_ = 0;
};

// Noise adds to the spread as squares do, so it is taken off as a square.
inline Reading acs712_reading(float counts, float noise_counts, float millivolts_per_amp, float supply_millivolts,
                              uint16_t decivolts) {
  float clean = counts > noise_counts ? sqrt(counts * counts - noise_counts * noise_counts) : 0;
  float amps = clean * supply_millivolts / 1024 / millivolts_per_amp;
  return {decivolts, static_cast<uint32_t>(amps * 1000 + 0.5), static_cast<uint32_t>(amps * decivolts + 0.5)};
}
