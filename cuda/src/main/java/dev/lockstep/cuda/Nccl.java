package dev.lockstep.cuda;

import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.nccl.ncclConfig_t;
import org.bytedeco.cuda.nccl.ncclUniqueId;
import org.bytedeco.javacpp.BytePointer;

/** NCCL's functions that need no card. */
final class Nccl {
    /** Fields of a configuration that keep NCCL's own values. */
    private static final int UNDEFINED = Integer.MIN_VALUE;

    private Nccl() {}

    /** Of the library that is loaded, such as 23007 for 2.30.7. */
    static int version() {
        int[] version = new int[1];
        check(nccl.ncclGetVersion(version), "ncclGetVersion");
        return version[0];
    }

    /** @param code what the function returned */
    static void check(int code, String function) {
        // A communicator that does not block says so of everything that is under way.
        if (code != nccl.ncclSuccess && code != nccl.ncclInProgress) {
            throw new IllegalStateException(
                    function + ": " + nccl.ncclGetErrorString(code).getString() + " (" + code + ")");
        }
    }

    /** A name under which processes find each other. */
    static byte[] newId() {
        try (ncclUniqueId id = new ncclUniqueId()) {
            check(nccl.ncclGetUniqueId(id), "ncclGetUniqueId");
            byte[] bytes = new byte[nccl.NCCL_UNIQUE_ID_BYTES];
            new BytePointer(id).get(bytes);
            return bytes;
        }
    }

    static ncclUniqueId id(byte[] bytes) {
        if (bytes.length != nccl.NCCL_UNIQUE_ID_BYTES) {
            throw new IllegalArgumentException(
                    "bytes = " + bytes.length + ": an identifier of NCCL has " + nccl.NCCL_UNIQUE_ID_BYTES);
        }
        ncclUniqueId id = new ncclUniqueId();
        new BytePointer(id).put(bytes);
        return id;
    }

    /** No call blocks, so that a thread can give up while a process is missing. As NCCL_CONFIG_INITIALIZER otherwise. */
    static ncclConfig_t config() {
        ncclConfig_t config = new ncclConfig_t();
        config.size(config.sizeof());
        config.magic(nccl.NCCL_API_MAGIC);
        config.version(nccl.NCCL_VERSION_CODE);
        config.blocking(0);
        config.cgaClusterSize(UNDEFINED);
        config.minCTAs(UNDEFINED);
        config.maxCTAs(UNDEFINED);
        config.netName(null);
        config.splitShare(UNDEFINED);
        config.trafficClass(UNDEFINED);
        config.commName(null);
        config.collnetEnable(UNDEFINED);
        config.CTAPolicy(UNDEFINED);
        config.shrinkShare(UNDEFINED);
        config.nvlsCTAs(UNDEFINED);
        config.nChannelsPerNetPeer(UNDEFINED);
        config.nvlinkCentricSched(UNDEFINED);
        config.graphUsageMode(UNDEFINED);
        config.numRmaCtx(UNDEFINED);
        config.maxP2pPeers(UNDEFINED);
        config.graphStreamOrdering(UNDEFINED);
        return config;
    }
}
