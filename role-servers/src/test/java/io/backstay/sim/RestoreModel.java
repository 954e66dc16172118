package io.backstay.sim;

/** A target that was completed: it must hold these bytes for ever. */
record RestoreModel(String operation, SimulatedNode node, String path, Image image) {}
