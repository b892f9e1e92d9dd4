package dev.lockstep.cli;

import dev.lockstep.metrics.Environment;
import picocli.CommandLine.IVersionProvider;

/** The version of this build. */
public final class Version implements IVersionProvider {
    public static final String NUMBER = Environment.LOCKSTEP;

    @Override
    public String[] getVersion() {
        return new String[] {"lockstep " + NUMBER};
    }
}
