/**
 * The end-to-end proof: a group of real processes, started by {@code ./backstay up} with a real
 * Temporal server, used by the commands that an administrator types, and killed with SIGKILL.
 */
package io.backstay.proof;
