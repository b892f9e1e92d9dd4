package dev.lockstep.cli;

import dev.lockstep.report.Environment;
import picocli.CommandLine.IVersionProvider;

/** The version of this build. */
final class Version implements IVersionProvider {
    static final String NUMBER = Environment.LOCKSTEP;

    @Override
    public String[] getVersion() {
        return new String[] {"lockstep " + NUMBER};
    }
}
