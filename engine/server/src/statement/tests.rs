//! The statement and the explanation of workload R1's second anchor as text, and alignment over many bills.

use std::path::Path;

use yidan_settlement::reason::{Reason, Refusal};

use super::*;
use crate::clerk::{Clerk, Outcome};
use crate::explain_json::{explained, explanation};
use crate::explain_text;
use crate::text::width;
use crate::world::World;

#[test]
fn probe() {
    let mut world = World::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalogs/sources");
    let file = root.join("R1/policy.toml");
    let text = std::fs::read_to_string(&file).expect("R1");
    let pack = yidan_build::policy::compile(&text, "R1").expect("compiles");
    world.add_pack(pack, &file);
    let mut clerk = Clerk::new(&world, None, true);
    for (day, level) in [("2026-01-10", "三级"), ("2026-02-10", "一级")] {
        let case = format!(
            r#"{{"admdvs":"R1","member":{{"psn_no":"R1-1","insutype":"310","psn_type":"11","identities":[{{"type":"R1-2","from":"2020-01-01"}}]}},
            "facility":{{"fixmedins_code":"H1","admdvs":"630100","kind":"hospital","hosp_lv":"{level}"}},"visit":{{"med_type":"21","begntime":"{day}"}},
            "totals":{{"medfee_sumamt":"50000.00","fulamt_ownpay_amt":"4000.00","inscp_scp_amt":"46000.00"}}}}"#
        );
        let case = Case::parse(&case, 1).expect("case");
        clerk
            .settle(&case, |outcome| match outcome {
                Outcome::Settled(settled) => {
                    println!("{}", statement(&settled, &case, None, Options::default()));
                    let told = explanation(&settled);
                    println!("{:?}", told.recomputes(settled.decision));
                    println!("{}", explain_text::text(&explained(&settled, &case), false));
                    println!("{}", serde_json::to_string(&explained(&settled, &case)).unwrap());
                }
                Outcome::Refused(number, of) => println!("{}", refusal(number, &of, &[])),
            })
            .expect("x");
    }
}
