/**
 * Groups whose volumes are backed up continuously: catalog, storages, proxies and archives, with
 * clients that write, operators, and everything that goes wrong. Begin at {@link
 * io.backstay.sim.flow.FlowWorld}.
 */
package io.backstay.sim.flow;
