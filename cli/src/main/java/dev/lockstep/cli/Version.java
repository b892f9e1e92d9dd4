package dev.lockstep.cli;

import picocli.CommandLine.IVersionProvider;

/** The version of this build. */
final class Version implements IVersionProvider {
    /** The same as in the POM, without its {@code -SNAPSHOT}; a test compares them. */
    static final String NUMBER = "0.1.0";

    @Override
    public String[] getVersion() {
        return new String[] {"lockstep " + NUMBER};
    }
}
