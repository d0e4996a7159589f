// Trace events of the GICv3.
#pragma once

#include "trapeze/base/log.h"

namespace trapeze::irqchip::gicv3::trace {

inline TraceEvent gicv3_dist_read("gicv3_dist_read");
inline TraceEvent gicv3_dist_write("gicv3_dist_write");
inline TraceEvent gicv3_dist_set_irq("gicv3_dist_set_irq");
inline TraceEvent gicv3_redist_read("gicv3_redist_read");
inline TraceEvent gicv3_redist_write("gicv3_redist_write");
inline TraceEvent gicv3_redist_set_irq("gicv3_redist_set_irq");
inline TraceEvent gicv3_redist_send_sgi("gicv3_redist_send_sgi");
inline TraceEvent gicv3_icc_pmr_read("gicv3_icc_pmr_read");
inline TraceEvent gicv3_icc_pmr_write("gicv3_icc_pmr_write");
inline TraceEvent gicv3_icc_bpr_read("gicv3_icc_bpr_read");
inline TraceEvent gicv3_icc_bpr_write("gicv3_icc_bpr_write");
inline TraceEvent gicv3_icc_ap_read("gicv3_icc_ap_read");
inline TraceEvent gicv3_icc_ap_write("gicv3_icc_ap_write");
inline TraceEvent gicv3_icc_igrpen_read("gicv3_icc_igrpen_read");
inline TraceEvent gicv3_icc_igrpen_write("gicv3_icc_igrpen_write");
inline TraceEvent gicv3_icc_ctlr_read("gicv3_icc_ctlr_read");
inline TraceEvent gicv3_icc_ctlr_write("gicv3_icc_ctlr_write");
inline TraceEvent gicv3_icc_iar0_read("gicv3_icc_iar0_read");
inline TraceEvent gicv3_icc_iar1_read("gicv3_icc_iar1_read");
inline TraceEvent gicv3_icc_hppir0_read("gicv3_icc_hppir0_read");
inline TraceEvent gicv3_icc_hppir1_read("gicv3_icc_hppir1_read");
inline TraceEvent gicv3_icc_rpr_read("gicv3_icc_rpr_read");
inline TraceEvent gicv3_icc_eoir_write("gicv3_icc_eoir_write");
inline TraceEvent gicv3_icc_dir_write("gicv3_icc_dir_write");
inline TraceEvent gicv3_icc_sgi_write("gicv3_icc_sgi_write");
inline TraceEvent gicv3_cpuif_set_irqs("gicv3_cpuif_set_irqs");

}  // namespace trapeze::irqchip::gicv3::trace
