/**
 * One logged volume in a world of its own, from one seed: clients that write and flush, whoever
 * asks for cuts, sessions and more room, an archive that follows the log, devices that fail for a
 * while, a process that dies and a machine that loses its power at every step.
 *
 * <p>What must be nonetheless: the volume is what {@link io.backstay.sim.log.VolumeHistory} allows
 * (invariants 1 and 2 of the design); its cuts and sessions are what {@link
 * io.backstay.sim.log.CutsModel} knows of (invariant 6); the log from a session's first cut to any
 * later one, as {@link io.backstay.sim.log.LogRow} replays it, makes of the first image exactly the
 * later one.
 */
package io.backstay.sim.log;
