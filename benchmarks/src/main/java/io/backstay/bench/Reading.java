package io.backstay.bench;

/**
 * What one run of one contender took.
 *
 * @param wallSeconds from the start of its command to its exit
 * @param cpuSeconds user and system time of all processes that worked for it, the kernel's own
 *     threads left out
 * @param peakBytes largest resident set of any one of these processes (VmHWM)
 * @param serverSeconds what the servers themselves say the operation took; 0 where there are none
 */
record Reading(double wallSeconds, double cpuSeconds, long peakBytes, double serverSeconds) {
  Reading withServers(double moreCpuSeconds, long serversPeakBytes, double seconds) {
    return new Reading(
        wallSeconds, cpuSeconds + moreCpuSeconds, Math.max(peakBytes, serversPeakBytes), seconds);
  }
}
