package dev.lockstep.launch;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Open MPI's {@code mpirun}. Open MPI 4 also gives the address of {@code mpirun} itself, which usually runs on the first
 * machine of the group, beside rank 0; rank 0 checks that. Open MPI 5 does not.
 *
 * @see <a href="https://www.open-mpi.org/faq/?category=running#mpi-environmental-variables">its variables</a>
 */
final class OpenMpi extends Mpi {
    /** For example {@code 1983184896.0;tcp://10.0.0.1,172.17.0.1:57513;tcp6://[fd00::2]:39283}. */
    private static final Pattern URI = Pattern.compile("[^;]*;tcp://([0-9.]+)[,:].*");

    OpenMpi() {
        super("Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE");
    }

    @Override
    Optional<String> shared(Variables variables) {
        return variables.text("PMIX_NAMESPACE").or(() -> variables.text("OMPI_MCA_ess_base_jobid"));
    }

    @Override
    Optional<String> addressOfLauncher(Variables variables) {
        return variables
                .text("OMPI_MCA_orte_hnp_uri")
                .map(URI::matcher)
                .filter(Matcher::matches)
                .map(matcher -> matcher.group(1));
    }

    @Override
    String passing(String variable) {
        return "mpirun -x " + variable;
    }
}
