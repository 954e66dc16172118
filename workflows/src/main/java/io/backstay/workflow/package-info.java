/**
 * The workflows: order, timers and compensation of every operation that has more than one step
 * (rule F2). Names, inputs and results are what users type and read, so they are stable.
 */
package io.backstay.workflow;
