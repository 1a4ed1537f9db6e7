//! The scripts of our pages: few, short, constant, each allowed by its hash.
//!
//! Owns what runs in a browser on our behalf. What a script works on stands in
//! the page as an escaped attribute, never in its text, so that the hash stays
//! the same and nothing of a request is ever run. Must not know when which
//! page is shown.
//!
//! `sessionStorage` belongs to one tab and one origin (HTML 12.2.2); what stands
//! there is taken as data, never as a place to go to.

/// A script of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Keeps the fragment of this page's URL, then goes on.
    KeepFragment,
    /// Goes on with the fragment that was kept.
    RestoreFragment,
    /// Keeps the form that the page holds.
    KeepForm,
    /// Offers to send the form that was kept.
    ResumeForm,
    /// Drops it.
    DropForm,
}

impl Script {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::KeepFragment,
        Self::RestoreFragment,
        Self::KeepForm,
        Self::ResumeForm,
        Self::DropForm,
    ];

    /// Its text.
    #[must_use]
    pub fn source(self) -> &'static str {
        match self {
            Self::KeepFragment => KEEP_FRAGMENT,
            Self::RestoreFragment => RESTORE_FRAGMENT,
            Self::KeepForm => KEEP_FORM,
            Self::ResumeForm => RESUME_FORM,
            Self::DropForm => DROP_FORM,
        }
    }
}

/// `data-key` names the login, `data-kept` is where one with a fragment goes on.
/// 512 bytes and the number sign: `location.hash` is ASCII (URL 4.5). What
/// abandoned logins have left makes room, so that a tab never fills up.
const KEEP_FRAGMENT: &str = "(function(){'use strict';\
var a=document.getElementById('onward'),to=a.href,h=location.hash,p='vestibule.fragment.';\
try{if(h.length>1&&h.length<=513){\
var old=Object.keys(sessionStorage).filter(function(k){return k.indexOf(p)===0});\
if(old.length>9)old.forEach(function(k){sessionStorage.removeItem(k)});\
sessionStorage.setItem(p+a.dataset.key,h);to=a.dataset.kept}}catch(e){}\
location.replace(to)})()";

/// The target is ours; what was kept can only become its fragment (URL 6.1, `hash`).
const RESTORE_FRAGMENT: &str = "(function(){'use strict';\
var a=document.getElementById('onward'),to=new URL(a.href),k='vestibule.fragment.'+a.dataset.key;\
try{var h=sessionStorage.getItem(k);sessionStorage.removeItem(k);\
if(h&&h.length<=513)to.hash=h}catch(e){}\
location.replace(to.href)})()";

/// `data-form` is what `data-key` is kept under. One form a tab: an older one goes.
const KEEP_FORM: &str = "(function(){'use strict';\
var d=document.querySelector('main').dataset,p='vestibule.form.';\
try{Object.keys(sessionStorage).forEach(function(k){if(k.indexOf(p)===0)sessionStorage.removeItem(k)});\
sessionStorage.setItem(p+d.key,d.form)}catch(e){return}\
document.querySelectorAll('[data-when]').forEach(function(e){e.hidden=e.dataset.when!=='kept'})})()";

/// A field may be called like a member of the form's own object (HTML 4.10.3),
/// so that nothing is asked of the form once it has fields.
const RESUME_FORM: &str = "(function(){'use strict';\
var d=document.querySelector('main').dataset,k='vestibule.form.'+d.key,\
form=document.getElementById('kept'),into=document.getElementById('fields'),kept=null,sent=false;\
function show(s){document.querySelectorAll('[data-when]').forEach(function(e){e.hidden=e.dataset.when!==s})}\
function drop(){try{sessionStorage.removeItem(k)}catch(e){}}\
try{kept=JSON.parse(sessionStorage.getItem(k))}catch(e){}\
if(!Array.isArray(kept))return show('gone');\
form.addEventListener('submit',function(e){if(sent)return e.preventDefault();sent=true;drop()});\
document.getElementById('drop').addEventListener('click',function(){drop();sent=true;show('dropped')});\
kept.forEach(function(f){var i=document.createElement('input');\
i.type=f.length>1?'hidden':'file';i.name=f[0];if(f.length>1)i.value=f[1];into.appendChild(i)});\
show('found')})()";

const DROP_FORM: &str = "(function(){'use strict';\
try{sessionStorage.removeItem('vestibule.form.'+document.querySelector('main').dataset.key)}catch(e){}})()";
