/**
 * What two machines must agree on: names, records, refusals, operations and their reports. Values
 * only, no IO.
 */
package io.backstay.model;
