/**
 * One logged volume in a world of its own, from one seed: clients that write and flush, a process
 * that dies and a machine that loses its power at every step, and what must be on the volume
 * nonetheless (invariants 1, 2 and 6 of the design).
 */
package io.backstay.sim.log;
