//! A hospital and its members behind the gateway, settled by the pack of Xining and the curated catalogue.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use yidan_gateway::Profile;
use yidan_gateway::front::Front;
use yidan_gateway::http::{Doors, Limits, Listener, Server};
use yidan_gateway::institution::{Institution, Institutions};
use yidan_gateway::persons::{Person, Persons};
use yidan_gateway::service::{Service, Waiting};
use yidan_gateway::sign::{Channel, Credential, Credentials, Proof};
use yidan_image::Image;
use yidan_pipeline::Stopped;
use yidan_pipeline::engine::{Engine, Setup};
use yidan_pipeline::world::World;
use yidan_settlement::catalogue::Level;
use yidan_settlement::claim::Spell;
use yidan_settlement::command::What;
use yidan_settlement::date::Span;
use yidan_settlement::event::Request;
use yidan_settlement::facts::{FacilityFacts, MemberFacts};
use yidan_settlement::id::{Admdvs, Insutype};
use yidan_settlement::money::Fen;
use yidan_settlement::pack::HospitalLevel;

use crate::Asked;
use crate::his::{self, Connection, Ready};

pub(crate) const HOSPITAL: &str = "H63010300001";

const MEMBERS: usize = 20_000;

/// Institutions of this bench are not held back: it is the server that is measured.
const FREELY: yidan_gateway::limit::Limits =
    yidan_gateway::limit::Limits { per_second: 10_000_000, burst: 10_000_000, at_once: 100_000 };

/// The engine, and who lives there.
pub(crate) struct Town {
    engine: Mutex<Option<Engine<Waiting>>>,
    folder: PathBuf,
    codes: Vec<String>,
    next: AtomicUsize,
}

impl Town {
    pub(crate) fn new(folder: &Path) -> Town {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalogs/sources");
        let file = folder.join("curated.img");
        yidan_build::build(&sources, &file).expect("the sources are right");
        let image = Image::open(&file).expect("it opens");
        let codes: Vec<String> = {
            let view = image.national().expect("a base");
            let code = |id| view.entry_text(id).map(|text| text.code.to_owned());
            view.ids().filter_map(code).take(200).collect()
        };
        let text = include_str!("../../../catalogs/sources/630100/policy.toml");
        let pack = match yidan_build::policy::compile(text, "630100/policy.toml") {
            Ok(pack) => pack,
            Err(errors) => panic!("{errors}"),
        };
        let mut world = World::new();
        world.add_pack(pack, Path::new("630100/policy.toml"));
        world.set_image(Arc::new(image));
        let engine = Engine::open(folder, &Setup::default(), world).expect("opens");
        register(&engine);
        yidan_pipeline::memory::allow_huge_pages(false).expect("a Linux");
        let engine = Mutex::new(Some(engine));
        Town { engine, folder: folder.to_owned(), codes, next: AtomicUsize::new(0) }
    }

    /// A server before the engine.
    pub(crate) fn serve(&self, runtime: &Handle) -> Server {
        let guard = self.engine.lock();
        let engine = guard.as_ref().expect("it runs");
        let persons = Persons::open(&self.folder).expect("opens");
        let named: Vec<(String, Person)> =
            (0..MEMBERS).map(|member| named(psn_no(member))).collect();
        let all = named.iter().map(|(psn_no, person)| (psn_no.as_str(), person));
        persons.put(all).expect("put");
        let hospital =
            Institution { code: HOSPITAL.into(), name: "示例医院".to_owned(), limits: FREELY };
        let institutions = Institutions::new([hospital]);
        let division = Admdvs::parse("630100").expect("six digits");
        let service =
            Service::new(engine, &self.folder, persons, institutions, division).expect("it runs");
        let unsigned =
            Credential::new("unsigned", Proof::None, &[HOSPITAL], Profile::LENIENT).expect("whole");
        let credentials = Credentials::new(Channel::Loopback, vec![unsigned]).expect("loopback");
        let front = Front::new(Arc::new(service), credentials, &[], "/oauth/token");
        let listener = Listener::unsigned(SocketAddr::from(([127, 0, 0, 1], 0))).expect("loopback");
        let doors = Doors::new().calls(listener, Arc::new(front));
        let limits =
            Limits { connections: 20_000, connections_of_peer: 20_000, ..Limits::default() };
        Server::start(runtime, doors, limits).expect("a port")
    }

    /// The next member.
    pub(crate) fn anyone(&self) -> String {
        psn_no(self.next.fetch_add(1, Ordering::Relaxed) % MEMBERS)
    }

    /// A code of the catalogue.
    pub(crate) fn code(&self, number: usize) -> &str {
        &self.codes[number % self.codes.len()]
    }

    /// Visits for one turn, ready to be settled.
    pub(crate) async fn prepare(
        self: &Arc<Town>,
        asked: &Asked,
        to: SocketAddr,
    ) -> Arc<Vec<Ready>> {
        // As many as a turn can settle: some thousands a second and connection group.
        let each = usize::try_from(asked.turn.as_millis()).expect("few") * 12 / asked.connections;
        let mut all = Vec::new();
        for _ in 0..asked.connections {
            let town = Arc::clone(self);
            all.push(tokio::spawn(async move {
                let mut connection = Connection::to(to).await;
                let mut ready = Vec::with_capacity(each);
                for _ in 0..each {
                    ready.push(his::ready(&mut connection, &town).await);
                }
                ready
            }));
        }
        let mut pool = Vec::new();
        for one in all {
            pool.extend(one.await.expect("it went through"));
        }
        Arc::new(pool)
    }

    /// Stops the engine: what was answered is in its journal, sealed.
    pub(crate) fn end(&self) {
        let engine = self.engine.lock().take().expect("it runs");
        engine.stop().expect("it stops as asked");
    }
}

/// A member's certificate has the member's number.
fn named(psn_no: String) -> (String, Person) {
    let (cert_type, name) = ("01".to_owned(), "甲".to_owned());
    let person = Person { cert_type, certno: psn_no.clone(), name, ethnicity: None };
    (psn_no, person)
}

fn psn_no(member: usize) -> String {
    format!("63010000000{member:08}")
}

fn register(engine: &Engine<Waiting>) {
    let facility = FacilityFacts {
        admdvs: Admdvs::parse("630103").expect("six digits"),
        level: HospitalLevel::Third,
        deductible_level: HospitalLevel::Third,
        price_level: Level::Third,
        agreements: None,
    };
    let what = What::RegisterFacility(HOSPITAL.into(), facility);
    engine.admission().tell_all(what).expect("it runs");
    let insutype = Insutype::parse("310").expect("three digits");
    let spell = Spell { insutype, span: Span::ALWAYS, waiting_to: Span::ALWAYS.from };
    let facts = MemberFacts {
        admdvs: "630100".into(),
        psn_type: "11".into(),
        birth: yidan_settlement::date::Day::from_civil(1980, 5, 1),
        contribution: Some("6%".into()),
        spells: Some(vec![spell]),
        ..MemberFacts::default()
    };
    for member in 0..MEMBERS {
        let request = Request { psn_no: psn_no(member).into(), ..Request::default() };
        let what = What::RegisterMember(facts.clone(), Fen::new(100_000));
        let (waiting, answer) = Waiting::new();
        let again = |after: Duration| -> Result<(), Stopped> {
            std::thread::sleep(after);
            Ok(())
        };
        engine.admission().submit_until_taken(request, what, waiting, again).expect("it runs");
        if member + 1 == MEMBERS {
            answer.blocking_recv().expect("told").expect("done");
        }
    }
}
